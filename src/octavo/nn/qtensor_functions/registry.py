"""How a function gets its form on integers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from torch.utils import _pytree as pytree

from octavo.nn.qtensor import QTensor
from octavo.program.types import QUANT_RANGE

Form = Callable[..., Any]


def implements(*functions: Any) -> Callable[[Form], Form]:
    """Register a form of PyTorch functions on integers.

    The form is called with the function's own arguments, of which the first is a QTensor in 8 bits with one scale; for
    any other call of the functions the tensors are dequantized.
    """

    def register(form: Form) -> Form:
        @wraps(form)
        def guarded(x: Any, *args: Any, **kwargs: Any) -> Any:
            return form(x, *args, **kwargs) if is_plain(x) else NotImplemented

        for function in functions:
            QTensor.functions[function] = guarded
        return form

    return register


def implements_for_several(*functions: Any) -> Callable[[Form], Form]:
    """Register a form that looks at all of its arguments by itself."""

    def register(form: Form) -> Form:
        for function in functions:
            QTensor.functions[function] = form
        return form

    return register


def is_plain(x: Any) -> bool:
    """Tell whether x is a QTensor in 8 bits with one scale."""
    return isinstance(x, QTensor) and x.is_per_tensor and x.qdtype in QUANT_RANGE


def integers(tree: Any) -> Any:
    """Replace each QTensor within arguments by its integers."""
    return pytree.tree_map(lambda leaf: leaf.int_repr() if isinstance(leaf, QTensor) else leaf, tree)
