"""ONNX Runtime: static quantization, QDQ, per-channel weights, MinMax."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quant_pre_process, quantize_static
from onnxruntime.quantization.calibrate import CalibrationDataReader
from torch import nn

from benchmarks.peers import Run
from benchmarks.peers.onnx_export import INPUT, export
from benchmarks.quiet import quiet

VERSIONS = ("onnxruntime", "onnx")


class _Reader(CalibrationDataReader):
    def __init__(self, samples: Sequence[np.ndarray]) -> None:
        self._samples: Iterator[np.ndarray] = iter(samples)

    def get_next(self) -> dict[str, np.ndarray] | None:  # type: ignore[override]
        sample = next(self._samples, None)
        return None if sample is None else {INPUT: sample}


def prepare(model: nn.Module, calibration: Sequence[np.ndarray], folder: Path) -> Callable[[int], Run]:
    """Quantize as ONNX Runtime's guide recommends for CPUs with VNNI: uint8 activations, int8 weights per channel."""
    path = folder / "onnxruntime.onnx"
    if not path.exists():
        source = export(model, calibration[0], folder / "float.onnx")
        prepared, partial = folder / "onnxruntime_preprocessed.onnx", folder / "onnxruntime_partial.onnx"
        with quiet():
            quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
            quantize_static(
                str(prepared),
                str(partial),
                _Reader(calibration),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
            )
        prepared.unlink()
        partial.rename(path)

    def open_session(threads: int) -> Run:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        return lambda x: np.asarray(session.run(None, {INPUT: x})[0])

    return open_session
