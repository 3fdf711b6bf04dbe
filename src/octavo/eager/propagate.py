"""Which QConfig each module has: its own, or that of what is around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from octavo.eager.errors import listed
from octavo.eager.tree import children, is_leaf, join, kind_of, qconfig_of
from octavo.nn.errors import QuantizationError
from octavo.observers import UniformQuantizationObserverBase


def propagate_qconfig_(
    module: nn.Module,
    qconfig_dict: Mapping[Any, Any] | None = None,
    prepare_custom_config_dict: Mapping[str, Any] | None = None,
) -> None:
    """Set `qconfig` on every module of a model, in place; None keeps a module in float.

    A module's own `qconfig` attribute wins, then its name in qconfig_dict, then its class, then its parent's.

    Args:
        module: the model.
        qconfig_dict: full name or class → QConfig or None.
        prepare_custom_config_dict: `non_traceable_module_name` and `non_traceable_module_class` list modules to leave
            alone with all that is in them.

    Raises:
        QuantizationError: a qconfig is not a QConfig.
    """
    custom = prepare_custom_config_dict or {}
    skipped_names = set(custom.get("non_traceable_module_name", ()))
    skipped_classes = tuple(custom.get("non_traceable_module_class", ()))
    table = qconfig_dict or {}

    def visit(name: str, mod: nn.Module, inherited: Any) -> None:
        qconfig = table.get(name, table.get(kind_of(mod), inherited)) if name else table.get(kind_of(mod), inherited)
        qconfig = getattr(mod, "qconfig", qconfig)
        check_qconfig(qconfig, name)
        mod.qconfig = qconfig
        for key, child in children(mod):
            full = join(name, key)
            if not {key, full} & skipped_names and kind_of(child) not in skipped_classes:
                visit(full, child, qconfig)

    visit("", module, table.get(""))


def check_qconfig(qconfig: Any, name: str) -> None:
    """Refuse what is not a QConfig.

    Raises:
        QuantizationError: it is something else, such as one of torch.ao's.
    """
    if qconfig is None:
        return
    kind = type(qconfig)
    foreign = kind.__module__.startswith("torch.")
    if foreign or not all(callable(getattr(qconfig, role, None)) for role in ("activation", "weight")):
        raise QuantizationError(
            f"the qconfig of {listed([name])} is a {kind.__module__}.{kind.__qualname__}, expected an "
            "octavo.qconfig.QConfig. Remedy: make it of octavo.qconfig, such as QConfig(activation=…, weight=…)"
        )


def own_qconfigs(module: nn.Module, name: str = "", inherited: Any = None) -> Iterator[tuple[str, nn.Module]]:
    """List the modules with a qconfig that differs from that of what is around them."""
    qconfig = getattr(module, "qconfig", inherited)
    if qconfig is not None and qconfig is not inherited:
        yield name, module
    for key, child in children(module):
        yield from own_qconfigs(child, join(name, key), qconfig)


def check_has_qconfig(model: nn.Module, function: str) -> None:
    """Refuse a model without any qconfig.

    Raises:
        QuantizationError: no module has one.
    """
    if not any(qconfig_of(module) is not None for module in model.modules()):
        raise QuantizationError(
            f"{function}: no module of this {type(model).__name__} has a qconfig, so all of it would stay in float. "
            "Remedy: set model.qconfig = octavo.quantization.get_default_qconfig('x86'), or a qconfig on some modules"
        )


def check_trains(model: nn.Module) -> None:
    """Refuse a qconfig whose ranges are observed, but whose tensors are not rounded.

    Raises:
        QuantizationError: naming the first module that has one.
    """
    for name, module in own_qconfigs(model):
        for role in ("activation", "weight"):
            made = getattr(module.qconfig, role)()
            if isinstance(made, UniformQuantizationObserverBase):
                raise QuantizationError(
                    f"prepare_qat: the qconfig of {listed([name])} makes {type(made).__name__} for the {role}, which "
                    "observes but does not round, so that training would not see 8 bits. Remedy: a qconfig of "
                    "fake-quantize modules, such as get_default_qat_qconfig('x86'), or prepare to calibrate instead"
                )


def check_forms(model: nn.Module, known: set[type[nn.Module]], function: str) -> None:
    """Refuse a qconfig set on a leaf module with parameters that has no form in 8 bits.

    Args:
        model: before or after propagation.
        known: the classes that have one.
        function: who asks.

    Raises:
        QuantizationError: naming each such module.
    """
    wrong = [
        (name, kind_of(module).__name__)
        for name, module in own_qconfigs(model)
        if is_leaf(module) and kind_of(module) not in known and (module._parameters or module._buffers)
    ]
    if wrong:
        shown = ", ".join(f"'{name}' ({kind})" if name else f"the model itself ({kind})" for name, kind in wrong)
        raise QuantizationError(
            f"{function}: {shown}: a qconfig is set, but the class has no form in 8 bits here. Remedy: set its qconfig "
            "to None to keep it in float, or give the class a form of its own (mapping=, or the custom config dict)"
        )
