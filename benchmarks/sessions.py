"""Open a file of a quantized network in the engine that it is for. Importing this imports no engine, and no PyTorch."""

import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Session = Callable[..., object]
"""Takes the arrays of a sample, in order, and returns the network's only output."""


def import_engine(form: str) -> None:
    """Import what the contender `form` ("octavo", "onnxruntime dynamic", …; a key of PEERS) needs to run a file."""
    engine = form.partition(" ")[0]
    importlib.import_module({"float": "torch", "octavo": "octavo.runtime.loaded"}.get(engine, engine))


def open_session(form: str, file: Path, threads: int) -> Session:
    """Load a file of the contender `form`, ready to run on so many threads."""
    return _OPEN[form.partition(" ")[0]](file, threads)


def feed(sample: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of a sample by the names that the inputs of exported ONNX files have."""
    return {f"x{index}": array for index, array in enumerate(sample)}


def _octavo(file: Path, threads: int) -> Session:
    import octavo.runtime

    return octavo.runtime.load(file, threads=threads)


def _onnx_runtime(file: Path, threads: int) -> Session:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return lambda *sample: session.run(None, feed(sample))[0]


def _openvino(file: Path, threads: int) -> Session:
    os.environ.setdefault("CI", "true")  # read at import: it would report its use over the network otherwise
    import openvino

    compiled = openvino.Core().compile_model(
        file.with_suffix(".xml"),
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

    def run(*sample: np.ndarray) -> np.ndarray:
        request.infer(feed(sample), share_inputs=True, share_outputs=True)
        return request.get_output_tensor(0).data.copy()

    return run


def _torch(file: Path, threads: int) -> Session:
    import torch

    from benchmarks.networks.torchvision_schemas import declare_schemas

    declare_schemas()
    torch.set_num_threads(threads)
    module = torch.load(file, weights_only=False)

    def run(*sample: np.ndarray) -> object:
        with torch.inference_mode():
            return module(*map(torch.from_numpy, sample))

    return run


_OPEN = {"octavo": _octavo, "onnxruntime": _onnx_runtime, "openvino": _openvino, "float": _torch}
