"""The same network as ONNX Runtime quantizes it: static, QDQ, per channel."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch


class Peer(NamedTuple):
    """ONNX Runtime's int8 network: `sessions[threads](images)` returns logits; `size` of its file in bytes."""

    sessions: dict[int, Callable[[np.ndarray], np.ndarray]]
    size: int


def available() -> bool:
    """Tell whether ONNX Runtime and what exports to it are installed."""
    return all(find_spec(name) for name in ("onnx", "onnxscript", "onnxruntime"))


def onnx_runtime(model: torch.nn.Module, batches: Iterable[torch.Tensor], place: Path, threads: Iterable[int]) -> Peer:
    """Export a network to ONNX and quantize it with ONNX Runtime.

    Args:
        model: takes [batch, 3, 224, 224] float32.
        batches: to calibrate on.
        place: a folder for its files.
        threads: one session is made for each.
    """
    float_file, int8_file = str(place / "float.onnx"), str(place / "int8.onnx")
    _export(model, float_file)
    _quantize(float_file, int8_file, batches)
    sessions = {count: _session(int8_file, count) for count in threads}
    return Peer(sessions, (place / "int8.onnx").stat().st_size)


def _export(model: torch.nn.Module, file: str) -> None:
    example = torch.zeros(2, 3, 224, 224)
    batch = torch.export.Dim("batch")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (example,), file, input_names=["x"], dynamo=True, dynamic_shapes=({0: batch},),
            external_data=False, verbose=False,
        )  # fmt: skip


def _quantize(float_file: str, int8_file: str, batches: Iterable[torch.Tensor]) -> None:
    quantization: Any = importlib.import_module("onnxruntime.quantization")
    preprocess: Any = importlib.import_module("onnxruntime.quantization.shape_inference")

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self._samples = ({"x": batch.numpy()} for batch in batches)

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self._samples, None)

    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        preprocess.quant_pre_process(float_file, float_file, skip_symbolic_shape=True)
        quantization.quantize_static(
            float_file, int8_file, Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
            activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
        )  # fmt: skip
    finally:
        logging.root.setLevel(level)


def _session(file: str, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    runtime: Any = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = runtime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"x": images})[0]
