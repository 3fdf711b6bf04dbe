"""ONNX Runtime: static quantization, QDQ, per-channel weights, ranges by MinMax or percentile."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quant_pre_process, quantize_static
from onnxruntime.quantization.calibrate import CalibrationDataReader
from torch import nn

from benchmarks.peers import Peer, Run, Sample
from benchmarks.peers.onnx_export import export
from benchmarks.quiet import quiet
from benchmarks.sessions import feed, open_session

VERSIONS = ("onnxruntime", "onnx")


class _Reader(CalibrationDataReader):
    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples: Iterator[Sample] = iter(samples)

    def get_next(self) -> dict[str, np.ndarray] | None:  # type: ignore[override]
        sample = next(self._samples, None)
        return None if sample is None else feed(sample)


def _prepare(
    method: CalibrationMethod, file: str, model: nn.Module, calibration: Sequence[Sample], folder: Path
) -> Callable[[int], Run]:
    """Quantize as ONNX Runtime's guide recommends for CPUs with VNNI: uint8 activations, int8 weights per channel."""

    def quantize(source: Path, target: Path) -> None:
        quantize_static(
            str(source),
            str(target),
            _Reader(calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=method,
        )

    return sessions(model, calibration, folder / file, quantize)


def sessions(
    model: nn.Module, samples: Sequence[Sample], path: Path, quantize: Callable[[Path, Path], None]
) -> Callable[[int], Run]:
    """Export the module, fold its constants and quantize it into the file `path`, which may be there already.

    Args:
        model, samples: as `Peer.prepare` takes them.
        path: of the quantized file.
        quantize: is called with the float file and with the one to write.

    Returns: what opens a session for a number of threads.
    """
    if not path.exists():
        source = export(model, samples, path.parent / "float.onnx")
        prepared, unfinished = path.with_suffix(".preprocessed"), path.with_suffix(".partial")
        with quiet():
            quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
            quantize(prepared, unfinished)
        prepared.unlink()
        unfinished.rename(path)

    return partial(_open, path)


def _open(path: Path, threads: int) -> Run:
    run = open_session("onnxruntime", path, threads)
    return lambda sample: run(*sample)


def _static(method: CalibrationMethod, file: str) -> Peer:
    return Peer(VERSIONS, partial(_prepare, method, file), file)


STATIC = _static(CalibrationMethod.MinMax, "onnxruntime.onnx")
PERCENTILE = _static(CalibrationMethod.Percentile, "onnxruntime_percentile.onnx")
