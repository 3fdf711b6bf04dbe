"""From a QConfig to the observers of one layer, with errors that name it."""

from __future__ import annotations

from torch import nn

from octavo.fake_quantize import FakeQuantizeBase
from octavo.numerics import Qscheme, has_float_zero_point
from octavo.observers import ObserverBase, PlaceholderObserver, UniformQuantizationObserverBase
from octavo.qconfig.qconfig import QConfig


def activation_observer(qconfig: QConfig, layer: str) -> UniformQuantizationObserverBase:
    """Make the observer of a layer's activation; that of a fake-quantize module is taken out of it.

    Args:
        qconfig: of the layer.
        layer: its name.

    Raises:
        ValueError: the QConfig has no observer that chooses qparams.
    """
    return _observer(qconfig.activation(), layer, "activation")


def weight_observer(qconfig: QConfig, layer: str) -> UniformQuantizationObserverBase:
    """Make the observer of a layer's weight; raises as `activation_observer`."""
    return _observer(qconfig.weight(), layer, "weight")


def is_dynamic(qconfig: QConfig) -> bool:
    """Tell whether qparams of activations are chosen for each tensor when the model runs."""
    made = qconfig.activation()
    return isinstance(made, (ObserverBase, FakeQuantizeBase)) and bool(getattr(made, "is_dynamic", False))


def is_for_tables(qconfig: QConfig) -> bool:
    """Tell whether a QConfig is for tables of embeddings: rows of 8 bits, each with a scale and a real zero_point."""
    made = qconfig.weight()
    observer = getattr(made, "activation_post_process", made) if isinstance(made, FakeQuantizeBase) else made
    qscheme: Qscheme | None = getattr(observer, "qscheme", None)
    return qscheme is not None and has_float_zero_point(qscheme)


def _observer(made: nn.Module, layer: str, role: str) -> UniformQuantizationObserverBase:
    if isinstance(made, FakeQuantizeBase):
        made = getattr(made, "activation_post_process", made)
    if isinstance(made, UniformQuantizationObserverBase):
        made.name = layer
        return made
    dtype = made.dtype if isinstance(made, ObserverBase) else ""
    if dtype in ("float16", "bfloat16"):
        why = f"asks for {dtype}, and there are kernels for 8 bits and float32 alone"
        remedy = "use default_dynamic_qconfig for 8 bits, or None to keep the layer in float32"
    elif isinstance(made, PlaceholderObserver) and made.is_dynamic:
        why = "chooses qparams when the model runs, which static quantization does before"
        remedy = "quantize_dynamic, or give its QConfig an observer such as HistogramObserver"
    else:
        why = f"makes {type(made).__name__}, which chooses no qparams"
        remedy = "give its QConfig an observer such as HistogramObserver, or None to keep the layer in float"
    raise ValueError(f"layer '{layer}': the {role} of its QConfig {why}. Remedy: {remedy}")
