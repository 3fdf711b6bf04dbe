"""OpenVINO on a model that NNCF quantized with its default preset."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from torch import nn

from benchmarks.peers import Run
from benchmarks.peers.onnx_export import INPUT, export
from benchmarks.quiet import quiet

os.environ.setdefault("CI", "true")  # read at import: both packages would report their use over the network otherwise
os.environ.setdefault("NNCF_CI", "1")

import openvino

VERSIONS = ("openvino", "nncf")


def prepare(model: nn.Module, calibration: Sequence[np.ndarray], folder: Path) -> Callable[[int], Run]:
    """Quantize with `nncf.quantize` over all calibration samples."""
    core = openvino.Core()
    path = folder / "openvino.xml"
    if not path.exists():
        import nncf

        source = core.read_model(export(model, calibration[0], folder / "float.onnx"))
        with quiet():
            dataset = nncf.Dataset(list(calibration), lambda x: {INPUT: x})
            quantized = nncf.quantize(source, dataset, subset_size=len(calibration))
            partial = folder / "openvino_partial.xml"
            openvino.save_model(quantized, partial, compress_to_fp16=False)
        partial.with_suffix(".bin").rename(path.with_suffix(".bin"))
        partial.rename(path)

    def open_session(threads: int) -> Run:
        compiled = core.compile_model(
            path,
            "CPU",
            {
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": 1,
                "ENABLE_CPU_PINNING": False,  # the caller pins all contenders alike
                "INFERENCE_PRECISION_HINT": "f32",  # what stays in float is float32 in every contender
            },
        )
        request = compiled.create_infer_request()

        def run(x: np.ndarray) -> np.ndarray:
            request.infer([x], share_inputs=True, share_outputs=True)
            return request.get_output_tensor(0).data.copy()

        return run

    return open_session
