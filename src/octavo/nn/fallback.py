"""What a QTensor does with functions that have no form on integers."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.utils import _pytree as pytree

from octavo.nn.conversions import conversions

OF_THE_WRAPPER = frozenset(
    {"__get__", "size", "dim", "ndimension", "numel", "nelement", "stride", "is_contiguous", "is_floating_point",
     "element_size", "get_device", "is_complex", "__len__", "__hash__", "requires_grad_", "has_names", "__setstate__"}
)  # fmt: skip
"""What the tensor answers by itself: shape, dtype, device and the like."""


def on_floats(quantized: type[Tensor], func: Any, name: str, args: Any, kwargs: Any) -> Any:
    """Call a function with the real numbers of each tensor of a quantized class among its arguments, and count it."""
    conversions.count(f"function {name}", "dequantize")

    def real(leaf: Any) -> Any:
        return leaf.dequantize() if isinstance(leaf, quantized) else leaf

    args, kwargs = pytree.tree_map(real, (args, kwargs))
    return func(*args, **kwargs)
