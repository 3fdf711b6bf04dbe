"""Where a converted model changes between 8 bits and float: what stayed in float, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.utils import _pytree as pytree

from octavo.eager.module_classes import get_default_dynamic_quant_module_mappings
from octavo.eager.tree import OBSERVER, is_leaf, kind_of, qconfig_of, replace
from octavo.nn.conversions import conversions
from octavo.nn.intrinsic import _FusedModule
from octavo.nn.module import QuantizedModule
from octavo.nn.output import QuantizedOutput
from octavo.nn.qtensor import QTensor
from octavo.nn.stubs import DeQuantize


@dataclass(frozen=True)
class Seam:
    """Give a float module real numbers where a tensor in 8 bits comes to it, and count that: a forward pre-hook.

    Args:
        name: the module's full name.
        reason: why it stayed in float.
    """

    name: str
    reason: str

    def __call__(self, module: nn.Module, args: Any, kwargs: Any) -> Any:
        """Dequantize the arguments that have 8 bits."""
        if not any(isinstance(leaf, QTensor) for leaf in pytree.tree_leaves((args, kwargs))):
            return None
        return pytree.tree_map(self._real, (args, kwargs))

    def _real(self, leaf: Any) -> Any:
        if not isinstance(leaf, QTensor):
            return leaf
        conversions.count(self.name, "dequantize")
        return leaf.dequantize()


@dataclass(frozen=True)
class FloatModule:
    """Describe a module of a converted model that computes in float.

    Args:
        name: its full name.
        kind: its class's name.
        reason: why it stayed in float.
        conversions: how many tensors in 8 bits were dequantized for it so far, in this process.
    """

    name: str
    kind: str
    reason: str
    conversions: int


_UNSEEN = "it never ran while calibrating; calibrate with data that reaches it"


def mark_seams(model: nn.Module, table: Mapping[Any, Any], unseen: Collection[str] = ()) -> None:
    """Put a seam before every module of a converted model that computes in float.

    Modules without parameters, such as ReLU and MaxPool2d, are left alone: they compute on integers what comes in 8
    bits, as far as the function that they call has a form on integers.

    Args:
        model: in place.
        table: the classes that convert replaces.
        unseen: full names of the modules that never ran while calibrating.
    """
    modules = list(model.modules())
    if not any(isinstance(module, QuantizedOutput) for module in modules):
        return

    def mark(name: str, module: nn.Module) -> nn.Module | None:
        if isinstance(module, (QuantizedModule, QuantizedOutput, DeQuantize)):
            return module
        whole = is_leaf(module) or isinstance(module, (_FusedModule, nn.MultiheadAttention))
        if not whole:
            return None
        tensors = [*module.named_parameters(), *module.named_buffers()]
        computes = any(OBSERVER not in key.split(".") for key, _ in tensors)
        if _seam(module) is None and (computes or kind_of(module) in table):
            module.register_forward_pre_hook(
                Seam(name, _UNSEEN if name in unseen else _reason(module, table)), with_kwargs=True
            )
        return module

    replace(model, mark)


def _reason(module: nn.Module, table: Mapping[Any, Any]) -> str:
    kind = kind_of(module)
    if kind in table or qconfig_of(module) is None:
        return "its qconfig is None"
    if kind in get_default_dynamic_quant_module_mappings():
        return f"{kind.__name__} has no static form in 8 bits; quantize_dynamic has one"
    return f"{kind.__name__} has no form in 8 bits"


def _seam(module: nn.Module) -> Seam | None:
    return next((hook for hook in module._forward_pre_hooks.values() if isinstance(hook, Seam)), None)


def float_modules(model: nn.Module) -> list[FloatModule]:
    """List the modules of a converted model that compute in float."""
    counts: Counter[str] = Counter()
    for where, kind, n in conversions.rows():
        if kind == "dequantize":
            counts[where] += n
    return list(_float_modules(model, counts))


def _float_modules(model: nn.Module, counts: Mapping[str, int]) -> Iterator[FloatModule]:
    for module in model.modules():
        seam = _seam(module)
        if seam is not None:
            yield FloatModule(seam.name, kind_of(module).__name__, seam.reason, counts[seam.name])


def seams_table(model: nn.Module) -> str:
    """Write which modules of a converted model stayed in float and why, and which conversions were counted so far."""
    rows = [("module", "class", "dequantized", "stays in float because")]
    rows += [(f.name or "the model", f.kind, str(f.conversions), f.reason) for f in float_modules(model)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[-1]]) for row in rows
    ]
    table = "\n".join(lines) if len(rows) > 1 else "every module with a form in 8 bits computes in 8 bits"
    return f"{table}\n\nconversions in this process:\n{conversions}"


def report_seams(model: nn.Module) -> None:
    """Print `seams_table`."""
    print(seams_table(model))
