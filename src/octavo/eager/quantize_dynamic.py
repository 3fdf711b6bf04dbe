"""Weights in 8 bits, activations quantized as they arrive: no calibration."""

from __future__ import annotations

import copy
import difflib
import warnings
from collections.abc import Collection, Mapping
from typing import Any

from torch import nn

from octavo.eager import swap
from octavo.eager.adopt import adopt
from octavo.eager.checks import refuse_replacing
from octavo.eager.module_classes import get_default_dynamic_quant_module_mappings
from octavo.eager.propagate import check_forms, check_qconfig, propagate_qconfig_
from octavo.eager.seams import mark_seams
from octavo.nn.errors import QuantizationError
from octavo.qconfig import float_qparams_weight_only_qconfig, per_channel_dynamic_qconfig

_DEFAULTS = {
    "int8": per_channel_dynamic_qconfig,
    "uint8": float_qparams_weight_only_qconfig,
}
_LAYERS = (nn.Linear, nn.LSTM, nn.GRU, nn.RNN, nn.LSTMCell, nn.RNNCell, nn.GRUCell)
_TABLES = (nn.EmbeddingBag, nn.Embedding)


def quantize_dynamic(
    model: nn.Module,
    qconfig_spec: Mapping[Any, Any] | Collection[Any] | None = None,
    dtype: Any = "int8",
    mapping: Mapping[Any, Any] | None = None,
    inplace: bool = False,
) -> nn.Module:
    """Replace layers by ones with weights in 8 bits that take and return float tensors; nothing is calibrated.

    Args:
        model: float.
        qconfig_spec: classes and full names of modules to quantize, or a mapping of these to a QConfig (None keeps in
            float); default: every Linear and recurrent layer, or with `torch.quint8` every embedding.
        dtype: of the weights: `torch.qint8`, `torch.int8` or its name for layers, `torch.quint8` or `torch.uint8` for
            embeddings.
        mapping: class → class with `from_float`; default `get_default_dynamic_quant_module_mappings()`.
        inplace: whether to change the model itself instead of a copy.

    Returns: the model, in evaluation mode.

    Raises:
        QuantizationError: the dtype has no kernels, a name is not in the model, or a class has no dynamic form.
    """
    spec = _spec(qconfig_spec, dtype)
    changed = adopt(model if inplace else copy.deepcopy(model)).eval()
    _check_spec(changed, spec)
    table = get_default_dynamic_quant_module_mappings() if mapping is None else dict(mapping)
    propagate_qconfig_(changed, spec)
    check_forms(changed, set(table), "quantize_dynamic")
    tables = swap.Tables(table)
    chosen = swap.choose(changed, tables)
    if not chosen:
        wanted = ", ".join(sorted(key if isinstance(key, str) else key.__name__ for key in spec))
        warnings.warn(
            f"quantize_dynamic: this {type(model).__name__} has none of {wanted}; all of it stays in float",
            stacklevel=2,
        )
    refuse_replacing(model, id(changed) in chosen, inplace, "quantize_dynamic")
    converted = swap.swap(changed, chosen, tables)
    mark_seams(converted, table)
    swap.remove_qconfig(converted)
    return converted


def _spec(given: Any, dtype: Any) -> dict[Any, Any]:
    """Return class or name → QConfig."""
    if isinstance(given, Mapping):
        return dict(given)
    name = str(dtype).removeprefix("torch.").removeprefix("q")
    if name not in _DEFAULTS:
        raise QuantizationError(
            f"quantize_dynamic: dtype={dtype}, expected torch.qint8 (layers) or torch.quint8 (embeddings): there are "
            "kernels for weights in 8 bits and in float32 alone. Remedy: leave dtype out for 8 bits"
        )
    if given is None:
        given = _LAYERS if name == "int8" else _TABLES
    return dict.fromkeys(given, _DEFAULTS[name])


def _check_spec(model: nn.Module, spec: Mapping[Any, Any]) -> None:
    names = [name for name, _ in model.named_modules()]
    for key, qconfig in spec.items():
        where = key if isinstance(key, str) else key.__name__
        check_qconfig(qconfig, where)
        if qconfig is not None and getattr(qconfig.weight(), "dtype", "") in ("float16", "bfloat16"):
            raise QuantizationError(
                f"quantize_dynamic: the QConfig of '{where}' asks for weights in float16; there are kernels for "
                "weights in 8 bits and in float32 alone. Remedy: use default_dynamic_qconfig for 8 bits, or None for "
                "float32"
            )
        if isinstance(key, str) and key not in names:
            close = ", ".join(difflib.get_close_matches(key, names, 3, 0.4))
            raise QuantizationError(
                f"quantize_dynamic: qconfig_spec names the module '{key}', which this {type(model).__name__} does not "
                f"have. Remedy: use a full name of model.named_modules(){f', such as {close}' if close else ''}"
            )
