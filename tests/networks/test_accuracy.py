"""Whole networks, through a file, in a process without PyTorch: as near to float as ONNX Runtime's int8 is."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks.harness import sqnr
from benchmarks.networks import models
from convert_network import quantize

ONNX_RUNTIME_SQNR = {
    "resnet18": 35.9,
    "resnet50": 34.4,
    "mobilenet_v2": 36.6,
    "googlenet": 41.2,
    "inception_v3": 40.9,
    "resnext101_32x8d": 36.9,
    "shufflenet_v2_x1_0": 40.5,
}
"""dB, measured with `python -m benchmarks.networks --peers onnxruntime`: ONNX Runtime 1.31.1, static QDQ, per-channel
weights, MinMax, with the same networks, calibration samples and inputs."""


def run_without_torch(folder: Path, inputs: list[np.ndarray]) -> np.ndarray:
    """Run `folder/model.octavo` in a fresh process on each input; return the outputs, joined."""
    np.save(folder / "inputs.npy", np.stack(inputs))
    script = Path(__file__).with_name("run_without_torch.py")
    arguments = [folder / "model.octavo", folder / "inputs.npy", folder / "outputs.npy"]
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return np.load(folder / "outputs.npy")


@pytest.mark.parametrize("name", models.NETWORKS)
def test_sqnr_is_at_least_onnx_runtimes(name, tmp_path):
    model = models.build(name)
    quantized = quantize(model, models.calibration_samples(name))
    quantized.save(tmp_path / "model.octavo")
    inputs = models.test_samples(name)
    output = run_without_torch(tmp_path, inputs)
    assert np.array_equal(output, np.concatenate([quantized.loaded(x) for x in inputs]))
    assert sqnr(models.float_outputs(model, inputs), output) >= ONNX_RUNTIME_SQNR[name]


def test_importing_the_runtime_imports_no_torch():
    program = "import sys, octavo.runtime; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
