"""Make a model ready for calibration, or for training in 8 bits."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from octavo.eager.adopt import adopt
from octavo.eager.borders import observe_borders
from octavo.eager.checks import refuse_replacing
from octavo.eager.errors import ModeError, listed
from octavo.eager.module_classes import (
    get_default_custom_config_dict,
    get_default_qat_module_mappings,
    get_default_static_quant_module_mappings,
)
from octavo.eager.observing import Observing
from octavo.eager.propagate import check_forms, check_has_qconfig, check_trains, propagate_qconfig_
from octavo.eager.swap import Tables, choose, swap
from octavo.nn.errors import QuantizationError


def prepare(
    model: nn.Module,
    inplace: bool = False,
    allow_list: Collection[type[nn.Module]] | None = None,
    observer_non_leaf_module_list: Collection[type[nn.Module]] | None = None,
    prepare_custom_config_dict: Mapping[str, Any] | None = None,
    define_by_run: bool = False,
) -> nn.Module:
    """Attach an observer to every module that will compute in 8 bits; then run calibration data, then `convert`.

    Args:
        model: float, in evaluation mode, with `qconfig` on itself or on modules within; None keeps a module in float.
        inplace: whether to change the model itself instead of a copy.
        allow_list: the classes to observe; default: those that `convert` knows.
        observer_non_leaf_module_list: more classes to observe, whatever is in them.
        prepare_custom_config_dict: `float_to_observed_custom_module_class` maps a class to one with `from_float`;
            see also `propagate_qconfig_`.
        define_by_run: whether to observe the input of each layer as well, so that the model needs no stubs: a layer
            brings float tensors to 8 bits itself, those of another layer it takes as they are, and what never ran
            while calibrating stays in float. For models with branches, loops and functions between their layers.

    Returns: the model with observers.

    Raises:
        ModeError: the model, or a batch norm in it, is in training mode.
        QuantizationError: no module has a qconfig, or one has that has no form in 8 bits.
    """
    model = adopt(model if inplace else copy.deepcopy(model))
    _check_evaluates(model)
    check_has_qconfig(model, "prepare")
    custom_config = get_default_custom_config_dict() | dict(prepare_custom_config_dict or {})
    custom = custom_config["float_to_observed_custom_module_class"]
    known = set(get_default_static_quant_module_mappings()) if allow_list is None else set(allow_list)
    known |= set(observer_non_leaf_module_list or ())
    check_forms(model, known | set(custom), "prepare")
    propagate_qconfig_(model, None, custom_config)
    observing = Observing(known, custom)
    model = observing.attach(model)
    _check_observes(model, observing, "prepare")
    if define_by_run:
        observe_borders(model, Tables(get_default_static_quant_module_mappings()).target)
    return model


def prepare_qat(model: nn.Module, mapping: Mapping[Any, Any] | None = None, inplace: bool = False) -> nn.Module:
    """Put fake-quantize modules on weights and outputs of every module that will compute in 8 bits; then train.

    Args:
        model: float, in training mode, with a `qconfig` of fake-quantize modules.
        mapping: float class → class that trains for 8 bits; default `get_default_qat_module_mappings()`.
        inplace: whether to change the model itself instead of a copy.

    Returns: the model to train; it shares no parameters with the one given, unless inplace.

    Raises:
        ModeError: the model is in evaluation mode.
        QuantizationError: no module has a qconfig, one has that has no form in 8 bits, or a qconfig makes observers
            instead of fake-quantize modules.
    """
    if not model.training:
        raise ModeError(
            "prepare_qat: the model is in evaluation mode, expected training mode. Remedy: call model.train() first, "
            "or use prepare to calibrate without training"
        )
    given, model = model, adopt(model if inplace else copy.deepcopy(model))
    check_has_qconfig(model, "prepare_qat")
    table = get_default_qat_module_mappings() if mapping is None else dict(mapping)
    static = set(get_default_static_quant_module_mappings())
    check_forms(model, static | set(table) | set(table.values()), "prepare_qat")
    propagate_qconfig_(model)
    check_trains(model)
    tables = Tables(table)
    chosen = choose(model, tables)
    refuse_replacing(given, id(model) in chosen, inplace, "prepare_qat")
    model = swap(model, chosen, tables)
    observing = Observing(static | set(table.values()), fixed=_fixed_ranges())
    model = observing.attach(model)
    _check_observes(model, observing, "prepare_qat")
    return model


def _fixed_ranges() -> dict[type[nn.Module], Any]:
    """Return the functions whose range is known, with the fake-quantize of their output."""
    from octavo.fake_quantize import (
        default_fixed_qparams_range_0to1_fake_quant,
        default_fixed_qparams_range_neg1to1_fake_quant,
    )

    zero_to_one = dict.fromkeys((nn.Hardsigmoid, nn.Sigmoid, nn.Softmax), default_fixed_qparams_range_0to1_fake_quant)
    return {**zero_to_one, nn.Tanh: default_fixed_qparams_range_neg1to1_fake_quant}


def _check_evaluates(model: nn.Module) -> None:
    training = [name for name, module in model.named_modules() if module.training and isinstance(module, _BatchNorm)]
    if model.training or training:
        within = f" (and the batch norms {listed(training, 3)})" if training else ""
        subject = f"the model{within} is" if model.training else f"the batch norms {listed(training, 3)} are"
        raise ModeError(
            f"prepare: {subject} in training mode; calibration would change running statistics and drop values. "
            "Remedy: call model.eval() first, or use prepare_qat to train for 8 bits"
        )


def _check_observes(model: nn.Module, observing: Observing, function: str) -> None:
    if not observing.places:
        raise QuantizationError(
            f"{function}: no module of this {type(model).__name__} that has a qconfig has a form in 8 bits. Remedy: "
            "set the qconfig on layers such as Conv2d and Linear, or use quantize_dynamic for LSTM and GRU"
        )
