"""What a process takes that loads a program and runs it."""

import os
import subprocess
import sys

import numpy as np
import pytest
from builders import conv

from octavo.program import Operator, Program, save

RUN = """
import sys
import numpy as np
import octavo.runtime
octavo.runtime.load(sys.argv[1], threads=1)(np.load(sys.argv[2]))
status = open("/proc/self/status").read()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))
"""
LAYERS = 11


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="this system does not tell")  # noqa: PTH110
@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer's memory would count")
def test_a_process_with_as_many_weights_as_resnet50(tmp_path):
    """26 MB of weights: at most 80 MB with the interpreter and NumPy, so never twice all weights and a copy."""
    one, arrays = conv(x=(1, 512, 7, 7), oc=512, padding=1)
    (layer,), (given,) = one.operators, one.inputs
    names = [given.name, *(f"y{i}" for i in range(LAYERS))]
    constants, layers = {}, []
    for i in range(LAYERS):
        roles = {role: f"{i}.{role}" for role in layer.constants}
        constants |= {roles[role]: one.constants[name] for role, name in layer.constants.items()}
        layers.append(Operator("conv", str(i), (names[i],), (names[i + 1],), layer.attributes, roles))
    values = dict.fromkeys(names, one.values[given.name])
    save(Program(one.inputs, (names[-1],), values, tuple(layers), constants), tmp_path / "model.octavo")
    assert (tmp_path / "model.octavo").stat().st_size > 25e6
    np.save(tmp_path / "x.npy", arrays[0])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", RUN, tmp_path / "model.octavo", tmp_path / "x.npy"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert int(done.stdout) * 1024 <= 80e6
