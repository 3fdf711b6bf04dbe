"""What a part of a graph reads and makes, sample by sample, while the graph is changed part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from torch import Tensor

from octavo.graph.ir import Node
from octavo.numerics import Qparams

Block = tuple[Node, ...]
"""Nodes that follow each other; what is not made by them is their input, what the last of them makes their output."""


class BlockValues:
    """What a block reads and makes, sample by sample.

    Args:
        read: gives what a block reads for a sample, by name: the real numbers that the values of the int8 program stand
            for.
        wanted: gives what the block makes of a sample in the float network.
        sizes: of the symbols, for each sample.
        qparams: of what it reads in 8 bits, by name.
    """

    def __init__(
        self,
        read: Callable[[int], dict[str, Tensor]],
        wanted: Callable[[int], Tensor],
        sizes: Sequence[Mapping[str, int]],
        qparams: Mapping[str, Qparams],
    ) -> None:
        self.read, self.wanted, self.sizes, self.qparams = read, wanted, sizes, qparams

    def __len__(self) -> int:
        return len(self.sizes)


class LayerInputs:
    """What a node reads, sample by sample, as its inputs stand.

    Args:
        node: the node.
        values: what it reads and makes.

    Attributes:
        qparams: of its first input, where it reads that in 8 bits.
    """

    def __init__(self, node: Node, values: BlockValues) -> None:
        self._node = node
        self.wanted, self.sizes = values.wanted, values.sizes
        self._values = values
        self.qparams = values.qparams.get(node.inputs[0]) if node.inputs else None

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[list[Tensor]]:
        for sample in range(len(self)):
            read = self._values.read(sample)
            yield [read[value] for value in self._node.inputs]
