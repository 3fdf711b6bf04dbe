"""What a rule for a kind of layer means: classes, functions and operators by one name."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from torch import nn

ObjectType = type[nn.Module] | Callable[..., object] | str
"""A module class, a function (`torch.add`, `F.conv2d`, `operator.add`), or the name of an operator or method."""

Kind = tuple[str, str]
"""`("module", class name)`, `("function", operator)` or `("operator", operator)`."""

_OPERATORS = {
    "iadd": "add", "imul": "mul", "multiply": "mul",
    "relu": "clamp", "relu6": "clamp", "hardtanh": "clamp", "clip": "clamp",
    "cat": "concat", "concatenate": "concat",
    "view": "reshape", "flatten": "reshape", "unflatten": "reshape", "squeeze": "reshape", "unsqueeze": "reshape",
    "transpose": "permute", "t": "permute", "getitem": "slice", "narrow": "slice",
    "zero_pad": "pad", "constant_pad": "pad",
}  # fmt: skip


def operator_name(name: str) -> str:
    """Return the graph's operator for the name of a class, function or method: `Conv2d`, `conv2d` → `conv`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name).lower().strip("_")
    plain = re.sub(r"_?[123]d$", "", snake)
    return _OPERATORS.get(plain, plain)


def kind_of(object_type: ObjectType) -> Kind:
    """Return what a rule for this object type matches.

    A class matches the layers of that class, a function the calls outside of PyTorch's layers, and a name both.

    Raises:
        TypeError: it is none of these.
    """
    if isinstance(object_type, str):
        return "operator", operator_name(object_type)
    if isinstance(object_type, type):
        return "module", object_type.__name__
    name = getattr(object_type, "__name__", None)
    if not callable(object_type) or name is None:
        raise TypeError(
            f"object type: got {object_type!r}, expected a module class such as nn.Linear, a function such as "
            "torch.add, or the name of an operator such as 'add'"
        )
    return "function", operator_name(name)


def kinds_of(object_type: ObjectType, module: str = "", function: str = "") -> list[Kind]:
    """List what rules may match a layer, the most specific first.

    Args:
        object_type: the class of a module, or an operator's type.
        module: name of the class that the operator was called in; '' for that of object_type, or none.
        function: which function an operator of type `function` computes.
    """
    if isinstance(object_type, type):
        module = object_type.__name__
        operators = [operator_name(module)]
    else:
        operators = [operator_name(name) for name in (function, kind_of(object_type)[1]) if name]
    kinds = [("module", module)] if module else []
    if module not in _torch_layers():
        kinds += [("function", operator) for operator in operators]
    return kinds + [("operator", operator) for operator in operators]


@cache
def _torch_layers() -> frozenset[str]:
    """Name the module classes of torch.nn: a function called in one of them is the layer itself."""
    classes = ((name, getattr(nn, name)) for name in dir(nn))
    return frozenset(name for name, cls in classes if isinstance(cls, type) and issubclass(cls, nn.Module))
