"""OpenVINO on a model that NNCF quantized, and on the float one.

NNCF quantizes what goes into LSTM and GRU too, but OpenVINO runs them in float.
"""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from torch import nn

from benchmarks.peers import Peer, Run, Sample
from benchmarks.peers.onnx_export import export
from benchmarks.quiet import quiet
from benchmarks.sessions import feed, open_session

os.environ.setdefault("CI", "true")  # read at import: both packages would report their use over the network otherwise
os.environ.setdefault("NNCF_CI", "1")

import openvino

FILE = "openvino.xml"
FLOAT_FILE = "openvino_float.xml"


def _prepare(model: nn.Module, calibration: Sequence[Sample], folder: Path) -> Callable[[int], Run]:
    """Quantize with `nncf.quantize` over all calibration samples, told where the model is a transformer."""
    path = folder / FILE
    if not path.exists():
        import nncf

        source = openvino.Core().read_model(export(model, calibration, folder / "float.onnx"))
        with quiet():
            dataset = nncf.Dataset(list(calibration), feed)
            attention = any("attention" in type(module).__name__.lower() for module in model.modules())
            kind = nncf.ModelType.TRANSFORMER if attention else None
            _save(nncf.quantize(source, dataset, subset_size=len(calibration), model_type=kind), path)

    return partial(_open, path)


def _prepare_float(model: nn.Module, calibration: Sequence[Sample], folder: Path) -> Callable[[int], Run]:
    """Convert the module as it is."""
    path = folder / FLOAT_FILE
    if not path.exists():
        _save(openvino.Core().read_model(export(model, calibration, folder / "float.onnx")), path)
    return partial(_open, path)


def _save(model: openvino.Model, path: Path) -> None:
    """Write both files of a model; the one that callers look for appears last."""
    unfinished = path.with_stem(f"{path.stem}_partial")
    openvino.save_model(model, unfinished, compress_to_fp16=False)
    unfinished.with_suffix(".bin").rename(path.with_suffix(".bin"))
    unfinished.rename(path)


def _open(path: Path, threads: int) -> Run:
    run = open_session("openvino", path, threads)
    return lambda sample: run(*sample)


DEFAULT = Peer(("openvino", "nncf"), _prepare, "openvino.bin")
FLOAT = Peer(("openvino",), _prepare_float)
