"""Change a calibrated graph layer by layer, or block by block, each shown what the int8 program will give it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from octavo.graph.execute import compute, sizes_of
from octavo.graph.ir import Node
from octavo.graph.placement import gives_float
from octavo.graph.prepare import Prepared
from octavo.numerics import Qparams, dequantize, quantize

Block = tuple[Node, ...]
"""Nodes that follow each other; what is not made by them is their input, what the last of them makes their output."""


class BlockValues:
    """What a block reads and makes, sample by sample.

    Args:
        read: gives what a block reads for a sample, by name: the real numbers that the values of the int8 program stand
            for.
        wanted: gives what the block makes of a sample in the float network.
        sizes: of the symbols, for each sample.
    """

    def __init__(
        self,
        read: Callable[[int], dict[str, Tensor]],
        wanted: Callable[[int], Tensor],
        sizes: Sequence[Mapping[str, int]],
    ) -> None:
        self.read, self.wanted, self.sizes = read, wanted, sizes

    def __len__(self) -> int:
        return len(self.sizes)


class LayerInputs:
    """What a node reads, sample by sample, as its inputs stand.

    Args:
        node: the node.
        values: what it reads and makes.
    """

    def __init__(self, node: Node, values: BlockValues) -> None:
        self._node = node
        self.wanted, self.sizes = values.wanted, values.sizes
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[list[Tensor]]:
        for sample in range(len(self)):
            read = self._values.read(sample)
            yield [read[value] for value in self._node.inputs]


Rewrite = Callable[[Node, LayerInputs], tuple[Node, Qparams | None]]
"""Gives the node to take another's place, with the qparams of its weight where it has chosen those."""
RewriteBlock = Callable[[Block, BlockValues], tuple[Sequence[Node], Mapping[str, Qparams]]]
"""Gives the nodes to take a block's place, as many, with the qparams of their weights, by the names of
`Prepared.weights`, where it has chosen those."""


def rewrite_layers(
    prepared: Prepared, samples: Sequence[Mapping[str, Tensor]], rewrite: Rewrite, wanted: bool = False
) -> Prepared:
    """Replace nodes in order of execution; each sees its inputs as the nodes that took the others' places make them.

    Args:
        prepared, samples, wanted: as for `rewrite_blocks`.
        rewrite: called with every node.
    """

    def alone(block: Block, values: BlockValues) -> tuple[list[Node], dict[str, Qparams]]:
        (node,) = block
        chosen, qparams = rewrite(node, LayerInputs(node, values))
        return [chosen], {} if qparams is None else {chosen.name: qparams}

    return rewrite_blocks(prepared, samples, [(node,) for node in prepared.graph.nodes], alone, wanted)


def rewrite_blocks(
    prepared: Prepared,
    samples: Sequence[Mapping[str, Tensor]],
    blocks: Sequence[Block],
    rewrite: RewriteBlock,
    wanted: bool = True,
) -> Prepared:
    """Replace blocks in order of execution; each sees its inputs as the nodes that took the others' places make them.

    Values are rounded to 8 bits where the program will round them and kept as integers, so that only those that are
    yet to be read take memory, a byte each; four more where the float network's are wanted beside them.

    Args:
        prepared: calibrated; not changed.
        samples: input name to tensor, for each sample.
        blocks: all nodes, in order.
        rewrite: called with every block.
        wanted: whether to compute the float network beside it, for `BlockValues.wanted`.
    """
    with torch.no_grad():
        return _Walk(prepared, samples, wanted).run(blocks, rewrite)


class _Walk:
    def __init__(self, prepared: Prepared, samples: Sequence[Mapping[str, Tensor]], wanted: bool) -> None:
        self._prepared = prepared
        self._consumers = prepared.graph.consumers()
        self._qparams = {value: prepared.observers[root].qparams() for value, root in prepared.groups.items()}
        self._sizes = [sizes_of(prepared.graph, sample) for sample in samples]
        self._values = {i.name: [sample[i.name] for sample in samples] for i in prepared.graph.inputs}
        self._exact = dict(self._values) if wanted else None

    def run(self, blocks: Sequence[Block], rewrite: RewriteBlock) -> Prepared:
        graph = self._prepared.graph
        nodes, weights = [], dict(self._prepared.weights)
        freed = dict(zip((node.name for node in graph.nodes), graph.last_uses(), strict=True))
        for block in blocks:
            self._compute_exact(block, freed)
            rewritten, qparams = rewrite(block, self._shown(block))
            nodes += rewritten
            weights |= qparams
            for node in rewritten:
                self._compute(node)
                for value in freed[node.name]:
                    del self._values[value]
        return replace(self._prepared, graph=graph.with_nodes(nodes), weights=weights)

    def _shown(self, block: Block) -> BlockValues:
        made = {value for node in block for value in node.outputs}
        readers = {value: node for node in reversed(block) for value in node.inputs if value not in made}

        def wanted(sample: int) -> Tensor:
            assert self._exact is not None, "the walk was not asked for the float network's values"
            return self._exact[block[-1].output][sample]

        def read(sample: int) -> dict[str, Tensor]:
            return {value: self._real(node, value, sample) for value, node in readers.items()}

        return BlockValues(read, wanted, self._sizes)

    def _real(self, node: Node, value: str, sample: int) -> Tensor:
        """Return the real numbers that a node reads of a value."""
        held, qparams = self._values[value][sample], self._qparams.get(value)
        if qparams is None or not (self._prepared.decisions[node.name].int8 or _is_rounded(held)):
            return held
        return dequantize(held if _is_rounded(held) else quantize(held, qparams), qparams)

    def _compute(self, node: Node) -> None:
        decisions = self._prepared.decisions
        rounds = decisions[node.name].int8 and (
            self._prepared.layerwise or not gives_float(node, decisions, self._consumers)
        )
        made: dict[str, list[Tensor]] = {value: [] for value in node.outputs}
        for sample, sizes in enumerate(self._sizes):
            arguments = [self._real(node, value, sample) for value in node.inputs]
            for value, tensor in _results(node, arguments, sizes).items():
                qparams = self._qparams.get(value)
                made[value].append(quantize(tensor, qparams) if rounds and qparams is not None else tensor)
        self._values |= made

    def _compute_exact(self, block: Block, freed: Mapping[str, tuple[str, ...]]) -> None:
        """Compute a block in the float network."""
        if self._exact is None:
            return
        for node in block:
            made: dict[str, list[Tensor]] = {value: [] for value in node.outputs}
            for sample, sizes in enumerate(self._sizes):
                arguments = [self._exact[value][sample] for value in node.inputs]
                for value, tensor in _results(node, arguments, sizes).items():
                    made[value].append(tensor)
            self._exact |= made
            for value in freed[node.name]:
                if value != block[-1].output:
                    del self._exact[value]


def _results(node: Node, arguments: list[Tensor], sizes: Mapping[str, int]) -> dict[str, Tensor]:
    results = compute(node, arguments, sizes)
    return dict(zip(node.outputs, results if node.more else (results,), strict=True))


def _is_rounded(held: Tensor) -> bool:
    return held.dtype in (torch.uint8, torch.int8)
