"""The tables of mappings by the names that people know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from octavo.eager import mappings
from octavo.eager.mappings import classes
from octavo.nn.errors import QuantizationError
from octavo.nn.qtensor import QTensor

Classes = dict[type[nn.Module], type[nn.Module]]


def get_default_static_quant_module_mappings() -> Classes:
    """Return what `convert` puts in place of each class."""
    return classes(mappings.STATIC)


def get_embedding_static_quant_module_mappings() -> Classes:
    """Return what `convert` puts in place of each class, embeddings trained for 8 bits among them."""
    return classes({**mappings.STATIC, **mappings.EMBEDDING_STATIC})


def get_default_qat_module_mappings() -> Classes:
    """Return what `prepare_qat` puts in place of each class."""
    return classes(mappings.QAT)


def get_embedding_qat_module_mappings() -> Classes:
    """Return what `prepare_qat` puts in place of each class, embeddings among them."""
    return classes({**mappings.QAT, **mappings.EMBEDDING_QAT})


def get_default_dynamic_quant_module_mappings() -> Classes:
    """Return what `quantize_dynamic` puts in place of each class."""
    return classes(mappings.DYNAMIC)


def get_default_custom_config_dict() -> dict[str, Classes]:
    """Return the modules that are observed, and then quantized, as a whole."""
    return {
        "float_to_observed_custom_module_class": classes(mappings.OBSERVED),
        "observed_to_quantized_custom_module_class": classes(mappings.FROM_OBSERVED),
    }


def get_default_qconfig_propagation_list() -> set[type[nn.Module]]:
    """Return the classes that a qconfig means something to."""
    tables = (mappings.STATIC, mappings.QAT, mappings.DYNAMIC)
    return {left for rows in tables for left in classes(rows)} | {nn.Sequential}


def get_default_compare_output_module_list() -> set[type[nn.Module]]:
    """Return the classes, float and quantized, whose outputs are worth comparing."""
    tables = (mappings.STATIC, mappings.QAT, mappings.DYNAMIC)
    return get_default_qconfig_propagation_list() | {right for rows in tables for right in classes(rows).values()}


def no_observer_set() -> set[type[nn.Module]]:
    """Return the classes whose output gets no observer: they observe inside."""
    return set(classes(mappings.OBSERVED).values())


def get_static_quant_module_class(
    float_module_class: type[nn.Module],
    additional_static_quant_mapping: Mapping[Any, Any] | None = None,
    is_reference: bool = False,
) -> type[nn.Module]:
    """Return the class that computes in 8 bits what a float class does.

    Args:
        float_module_class: float, fused or QAT.
        additional_static_quant_mapping: float class → quantized class; goes before the default.
        is_reference: refused; there are no reference modules.

    Raises:
        QuantizationError: there is none.
    """
    refuse_reference(is_reference)
    table = {**get_default_static_quant_module_mappings(), **(additional_static_quant_mapping or {})}
    return _look_up(table, float_module_class, "static")


def get_dynamic_quant_module_class(
    float_module_class: type[nn.Module], additional_dynamic_quant_mapping: Mapping[Any, Any] | None = None
) -> type[nn.Module]:
    """Return the class that does with 8-bit weights what a float class does.

    Raises:
        QuantizationError: there is none.
    """
    table = {**get_default_dynamic_quant_module_mappings(), **(additional_dynamic_quant_mapping or {})}
    return _look_up(table, float_module_class, "dynamic")


def _look_up(table: Mapping[Any, Any], wanted: type[nn.Module], form: str) -> type[nn.Module]:
    if wanted not in table:
        known = ", ".join(sorted({cls.__name__ for cls in table}))
        raise QuantizationError(f"{wanted.__name__} has no {form} form in 8 bits; these have one: {known}")
    return table[wanted]


def refuse_reference(is_reference: bool) -> None:
    """Refuse `is_reference=True`."""
    if is_reference:
        raise QuantizationError(
            "is_reference=True: there are no reference modules, because a converted model computes the same integers "
            "on every machine. Remedy: leave it out, and export the converted model"
        )


def get_default_float_to_quantized_operator_mappings() -> dict[Callable[..., Any], Callable[..., Any]]:
    """Return the form on integers of each PyTorch function that has one; the function calls it for a QTensor."""
    return dict(QTensor.functions)


def get_quantized_operator(float_op: Callable[..., Any]) -> Callable[..., Any]:
    """Return the form on integers of a PyTorch function such as `torch.nn.functional.elu`.

    Raises:
        QuantizationError: it has none; on a QTensor it computes in float.
    """
    if float_op not in QTensor.functions:
        raise QuantizationError(
            f"{getattr(float_op, '__name__', float_op)} has no form on integers; called with a QTensor it computes in "
            "float, and that is counted"
        )
    return QTensor.functions[float_op]
