"""Compare a float model with its quantized form, module by module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from octavo.nn.qtensor import QTensor


class Logger(nn.Module):
    """Keep what passes; `stats` holds the tensors, one list for each role."""

    roles: tuple[str, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.stats: dict[str, list[Any]] = {role: [] for role in self.roles}

    def log(self, **tensors: Any) -> None:
        """Append one tensor to each role's list, detached."""
        for role, value in tensors.items():
            self.stats[role].append(_detached(value))


class OutputLogger(Logger):
    """Keep each output of a module."""

    roles = ("tensor_val",)

    def forward(self, x: Any) -> Any:
        """Keep x and return it."""
        self.log(tensor_val=x)
        return x


class ShadowLogger(Logger):
    """Keep each output of a quantized module, and that of its float form on the same input."""

    roles = ("float", "quantized")

    def forward(self, x: Any, y: Any) -> None:
        """Keep the quantized output x and the float output y."""
        self.log(quantized=x, float=y)


class Shadow(nn.Module):
    """Run a quantized module, and beside it its float form on the same input, dequantized.

    Args:
        q_module: the quantized module, whose output is passed on.
        float_module: its float form.
        logger_cls: keeps both outputs.
    """

    def __init__(self, q_module: nn.Module, float_module: nn.Module, logger_cls: type[Logger] = ShadowLogger) -> None:
        super().__init__()
        self.orig_module = q_module
        self.shadow_module = float_module
        self.logger = logger_cls()

    def forward(self, *x: Any) -> Any:
        """Run both, keep both outputs, return the quantized one."""
        y = self.orig_module(*x)
        with torch.no_grad():
            self.logger(y, self.shadow_module(*(_real(value) for value in x)))
        return y


def compare_weights(
    float_dict: Mapping[str, Tensor], quantized_dict: Mapping[str, Tensor]
) -> dict[str, dict[str, Tensor]]:
    """Pair each quantized weight with the float weight that it was made of.

    Args:
        float_dict: `state_dict()` of the float model, fused or not.
        quantized_dict: `state_dict()` of the converted model.

    Returns: `"conv1.weight"` to `{"float": tensor, "quantized": QTensor}`.
    """
    pairs = {}
    for key, weight in quantized_dict.items():
        owner, _, role = key.rpartition(".")
        if role != "qweight":
            continue
        scale = quantized_dict[f"{owner}.weight_scale"]
        found = next((float_dict[k] for k in (f"{owner}.weight", f"{owner}.0.weight") if k in float_dict), None)
        if found is not None:
            ch_axis = 0 if found.shape[0] == scale.numel() else 1
            quantized = QTensor(weight, scale, torch.zeros_like(scale).int(), ch_axis)
            pairs[f"{owner}.weight"] = {"float": found, "quantized": quantized}
    return pairs


def prepare_model_outputs(
    float_module: nn.Module,
    q_module: nn.Module,
    logger_cls: type[Logger] = OutputLogger,
    allow_list: Iterable[type[nn.Module]] | None = None,
) -> None:
    """Attach a logger to each module of both models whose class is in the list.

    Args:
        float_module, q_module: changed in place.
        logger_cls: keeps the outputs.
        allow_list: classes, float and quantized; default: `get_default_compare_output_module_list()`.
    """
    from octavo.eager.module_classes import get_default_compare_output_module_list

    allowed = tuple(get_default_compare_output_module_list() if allow_list is None else allow_list)
    for model in (float_module, q_module):
        for module in list(model.modules()):
            if type(module) in allowed:
                logger = logger_cls()
                module.add_module("logger", logger)
                module.register_forward_hook(lambda _module, _args, y, logger=logger: logger(y))


def get_logger_dict(mod: nn.Module, prefix: str = "") -> dict[str, dict[str, Any]]:
    """Collect what the loggers of a model have kept: `"conv1.stats"` to lists of tensors."""
    start = f"{prefix}." if prefix else ""
    return {
        f"{start}{name.rpartition('.')[0]}.stats".removeprefix("."): module.stats
        for name, module in mod.named_modules()
        if isinstance(module, Logger)
    }


def get_matching_activations(float_module: nn.Module, q_module: nn.Module) -> dict[str, dict[str, list[Tensor]]]:
    """Pair the outputs that the loggers of both models have kept.

    Returns: `"conv1.stats"` to `{"float": tensors, "quantized": tensors}`.
    """
    real, quantized = get_logger_dict(float_module), get_logger_dict(q_module)
    pairs = {}
    for key, stats in quantized.items():
        partner = next((real[k] for k in _partners(key) if k in real), None)
        if partner is not None:
            pairs[key] = {"float": partner["tensor_val"], "quantized": stats["tensor_val"]}
    return pairs


def compare_model_outputs(
    float_model: nn.Module,
    q_model: nn.Module,
    *data: Any,
    logger_cls: type[Logger] = OutputLogger,
    allow_list: Iterable[type[nn.Module]] | None = None,
) -> dict[str, dict[str, list[Tensor]]]:
    """Run both models on the same data and pair the outputs of their modules.

    Returns: as `get_matching_activations`.
    """
    prepare_model_outputs(float_model, q_model, logger_cls, allow_list)
    with torch.no_grad():
        float_model(*data)
        q_model(*data)
    return get_matching_activations(float_model, q_model)


def prepare_model_with_stubs(
    float_module: nn.Module,
    q_module: nn.Module,
    module_swap_list: Iterable[type[nn.Module]],
    logger_cls: type[Logger] = ShadowLogger,
) -> None:
    """Put a Shadow in the place of each quantized module whose float form is in the list.

    Args:
        float_module: looked up by name, not changed.
        q_module: changed in place.
        module_swap_list: classes of the float modules.
        logger_cls: keeps both outputs.
    """
    swapped = tuple(module_swap_list)
    real = dict(float_module.named_modules())
    for name, module in list(q_module.named_modules()):
        partner = next((real[k] for k in (name, f"{name}.0") if k in real), None)
        if not name or partner is None or type(module) is type(partner) or not isinstance(partner, swapped):
            continue
        owner, _, child = name.rpartition(".")
        setattr(q_module.get_submodule(owner), child, Shadow(module, partner, logger_cls))


def compare_model_stub(
    float_model: nn.Module,
    q_model: nn.Module,
    module_swap_list: Iterable[type[nn.Module]],
    *data: Any,
    logger_cls: type[Logger] = ShadowLogger,
) -> dict[str, dict[str, list[Tensor]]]:
    """Compare modules on the inputs that they get in the quantized model, so that errors do not add up.

    Returns: `"conv1.stats"` to `{"float": tensors, "quantized": tensors}`.
    """
    prepare_model_with_stubs(float_model, q_model, module_swap_list, logger_cls)
    with torch.no_grad():
        q_model(*data)
    return get_logger_dict(q_model)


def _partners(key: str) -> Iterator[str]:
    owner = key.removesuffix(".stats")
    yield key
    yield f"{owner}.0.stats"


def _real(value: Any) -> Any:
    return value.dequantize() if isinstance(value, QTensor) else value


def _detached(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, (tuple, list)):
        return type(value)(_detached(item) for item in value)
    return value
