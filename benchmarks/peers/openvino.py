"""OpenVINO on a model that NNCF quantized. It quantizes what goes into LSTM and GRU too, but runs them in float."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from benchmarks.peers import Peer, Run, Sample
from benchmarks.peers.onnx_export import export, feed
from benchmarks.quiet import quiet

os.environ.setdefault("CI", "true")  # read at import: both packages would report their use over the network otherwise
os.environ.setdefault("NNCF_CI", "1")

import openvino

FILE = "openvino.xml"


def _prepare(model: nn.Module, calibration: Sequence[Sample], folder: Path) -> Callable[[int], Run]:
    """Quantize with `nncf.quantize` over all calibration samples, told where the model is a transformer."""
    core = openvino.Core()
    path = folder / FILE
    if not path.exists():
        import nncf

        source = core.read_model(export(model, calibration, folder / "float.onnx"))
        with quiet():
            dataset = nncf.Dataset(list(calibration), feed)
            attention = any("attention" in type(module).__name__.lower() for module in model.modules())
            kind = nncf.ModelType.TRANSFORMER if attention else None
            quantized = nncf.quantize(source, dataset, subset_size=len(calibration), model_type=kind)
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
        request: Any = compiled.create_infer_request()

        def run(sample: Sample) -> np.ndarray:
            request.infer(feed(sample), share_inputs=True, share_outputs=True)
            return request.get_output_tensor(0).data.copy()

        return run

    return open_session


DEFAULT = Peer(("openvino", "nncf"), _prepare, "openvino.bin")
