"""ONNX Runtime: dynamic quantization, per-channel weights. Products and the LSTM; a GRU stays in float."""

from collections.abc import Callable, Sequence
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from benchmarks.peers import Peer, Run, Sample
from benchmarks.peers.onnx_runtime import VERSIONS, sessions

FILE = "onnxruntime_dynamic.onnx"


def _prepare(model: nn.Module, calibration: Sequence[Sample], folder: Path) -> Callable[[int], Run]:
    """Quantize as ONNX Runtime's guide recommends for sequence models; the samples only tell the shapes."""

    def quantize(source: Path, target: Path) -> None:
        # What folding the constants fused has no type that its shape inference knows; all of it is float32.
        quantize_dynamic(
            _without_declared_shapes(source), target, per_channel=True, weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )  # fmt: skip

    return sessions(model, calibration, folder / FILE, quantize)


def _without_declared_shapes(path: Path) -> onnx.ModelProto:
    """Read a model without the declared shapes of its weights, which the quantizer keeps when it transposes some."""
    model = onnx.load(path)
    weights = {tensor.name for tensor in model.graph.initializer}
    kept = [value for value in model.graph.value_info if value.name not in weights]
    del model.graph.value_info[:]
    model.graph.value_info.extend(kept)
    return model


DYNAMIC = Peer(VERSIONS, _prepare, FILE)
