"""From a calibrated or trained model to one that computes in 8 bits."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from torch import nn

from octavo.eager import swap
from octavo.eager.adopt import adopt
from octavo.eager.borders import leave_unseen
from octavo.eager.checks import check_convertible, refuse_replacing
from octavo.eager.module_classes import (
    get_default_custom_config_dict,
    get_default_static_quant_module_mappings,
    refuse_reference,
)
from octavo.eager.seams import mark_seams


def convert(
    module: nn.Module,
    mapping: Mapping[Any, Any] | None = None,
    inplace: bool = False,
    remove_qconfig: bool = True,
    is_reference: bool = False,
    convert_custom_config_dict: Mapping[str, Any] | None = None,
    use_precomputed_fake_quant: bool = False,
) -> nn.Module:
    """Replace every observed module by one that computes in 8 bits.

    Modules without a qconfig or without a form in 8 bits stay in float; `octavo.eager.report_seams` lists them, and
    where a tensor in 8 bits comes to one of them it is dequantized, and counted (`octavo.nn.conversions`).

    Args:
        module: the model, prepared and calibrated, or trained.
        mapping: class → class with `from_float`; default `get_default_static_quant_module_mappings()`.
        inplace: whether to change the model itself instead of a copy.
        remove_qconfig: whether what stays in float loses its qconfig and observer.
        is_reference: refused; there are no reference modules.
        convert_custom_config_dict: `observed_to_quantized_custom_module_class` maps a class to one with
            `from_observed`.
        use_precomputed_fake_quant: handed to `from_float`.

    Returns: the model in 8 bits; each replaced module has its full name as `name`.

    Raises:
        NotPreparedError: it has no observers.
        NotCalibratedError: observers have seen nothing; all of them are named.
        AlreadyConvertedError: it is converted already.
    """
    refuse_reference(is_reference)
    model = adopt(module if inplace else copy.deepcopy(module))
    custom = get_default_custom_config_dict() | dict(convert_custom_config_dict or {})
    table = get_default_static_quant_module_mappings() if mapping is None else dict(mapping)
    tables = swap.Tables(table, custom["observed_to_quantized_custom_module_class"], use_precomputed_fake_quant)
    unseen = leave_unseen(model)
    chosen = swap.choose(model, tables)
    check_convertible(model, [(name, mod, tables.target(mod)) for name, mod in chosen.values()])
    refuse_replacing(module, id(model) in chosen, inplace, "convert")
    converted = swap.swap(model, chosen, tables)
    mark_seams(converted, table, unseen)
    if remove_qconfig:
        swap.remove_qconfig(converted)
    return converted
