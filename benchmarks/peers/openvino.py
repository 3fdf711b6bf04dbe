"""OpenVINO on a model that NNCF quantized. It quantizes what goes into LSTM and GRU too, but runs them in float."""

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
            quantized = nncf.quantize(source, dataset, subset_size=len(calibration), model_type=kind)
            unfinished = folder / "openvino_partial.xml"
            openvino.save_model(quantized, unfinished, compress_to_fp16=False)
        unfinished.with_suffix(".bin").rename(path.with_suffix(".bin"))
        unfinished.rename(path)

    return partial(_open, path)


def _open(path: Path, threads: int) -> Run:
    run = open_session("openvino", path, threads)
    return lambda sample: run(*sample)


DEFAULT = Peer(("openvino", "nncf"), _prepare, "openvino.bin")
