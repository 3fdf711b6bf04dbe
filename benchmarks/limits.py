"""Limit the engines to an instruction set: what a processor without the newer ones would see, measured on this one.

Every engine looks at the processor when it is imported or first run, so the limits stand in the environment of a
process that has imported none of them yet.
"""

import os
import subprocess
import sys
from collections.abc import Sequence

_ONEDNN, _FBGEMM, _ATEN = "ONEDNN_MAX_CPU_ISA", "FBGEMM_ENABLE_INSTRUCTIONS", "ATEN_CPU_CAPABILITY"

LIMITS = {
    "avx2": {"OCTAVO_ISA": "avx2", _ONEDNN: "AVX2", _FBGEMM: "AVX2", _ATEN: "avx2"},
    "avx512": {"OCTAVO_ISA": "avx512", _ONEDNN: "AVX512_CORE", _FBGEMM: "AVX512", _ATEN: "avx512"},
}
"""Instruction set → variables: oneDNN has the convolutions of OpenVINO and of torch.ao, FBGEMM some of torch.ao's."""

UNLIMITED = {"onnxruntime": "it has no switch for the instruction set of its kernels (MLAS asks the processor alone)"}
"""Contender → why it cannot be limited."""


def is_limited(isa: str) -> bool:
    """Return whether this process was started with the limits of `isa`, a key of LIMITS."""
    return all(os.environ.get(name) == value for name, value in LIMITS[isa].items())


def run_limited(isa: str, module: str, arguments: Sequence[str]) -> int:
    """Run `python -m module arguments…` in a process with the limits of `isa`; return its exit code."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env=os.environ | LIMITS[isa], check=False).returncode
