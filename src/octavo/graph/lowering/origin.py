"""Where a node comes from: the operator that is being lowered, the module that called it, and its name."""

from __future__ import annotations

import torch
from torch import fx

# What is named after the module whose weight it reads.
_WEIGHTED = frozenset({
    "conv", "conv_transpose", "linear", "affine", "prelu", "layer_norm", "group_norm", "embedding", "embedding_bag",
})  # fmt: skip


class Origin:
    """Tell about the operator that is being lowered.

    Args:
        containers: paths of the modules that have children; an operator in one of them is not the whole layer.

    Attributes:
        current: what is being lowered.
    """

    def __init__(self, containers: set[str]) -> None:
        self.current: fx.Node
        self._names: set[str] = set()
        self._containers = containers

    def claim(self, stem: str) -> str:
        """Return a name that nothing else in the graph has: the stem itself, or `stem@1`."""
        name, count = stem, 1
        while name in self._names:
            name, count = f"{stem}@{count}", count + 1
        self._names.add(name)
        return name

    def layer_name(self, path: str, operator: str) -> str:
        """Name a node after the layer that it comes from."""
        owner = self._weight_owner()
        if owner is not None and operator in _WEIGHTED:
            return owner
        if path and path not in self._containers:
            return path
        return f"{path}.{operator}" if path else operator

    def place(self) -> tuple[str, str]:
        """Return the path and the class name of the module that called the operator."""
        stack = self.current.meta.get("nn_module_stack") or {}
        path, cls = list(stack.values())[-1] if stack else ("", "")
        kind = cls if isinstance(cls, str) else cls.__name__
        return path, kind.rsplit(".", 1)[-1]

    def _weight_owner(self) -> str | None:
        """Return the module whose `weight` the operator reads: the layer's own name, whoever calls it."""
        for argument in self.current.args:
            if isinstance(argument, fx.Node) and argument.op == "get_attr":
                owner, _, role = str(argument.target).rpartition(".")
                if role == "weight" and owner:
                    return owner
        return None

    def argument_dtype(self, index: int) -> torch.dtype:
        """Return the dtype that an argument of the current operator has in PyTorch."""
        argument = self.current.args[index]
        if isinstance(argument, fx.Node):
            return argument.meta["val"].dtype if "val" in argument.meta else torch.float32
        return {bool: torch.bool, int: torch.int64}.get(type(argument), torch.float32)
