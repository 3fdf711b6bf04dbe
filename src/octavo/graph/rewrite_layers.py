"""Change a calibrated graph layer by layer, or block by block, each shown what the int8 program will give it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from octavo.graph.block_values import Block, BlockValues, LayerInputs
from octavo.graph.execute import compute, sizes_of
from octavo.graph.freed_memory import hand_back
from octavo.graph.ir import Node
from octavo.graph.placement import gives_float
from octavo.graph.prepare import Prepared
from octavo.numerics import Qparams, dequantize, quantize

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


# After so many bytes of values the memory between them is handed back.
_HAND_BACK = 1 << 24


class _Walk:
    def __init__(self, prepared: Prepared, samples: Sequence[Mapping[str, Tensor]], wanted: bool) -> None:
        self._prepared = prepared
        self._consumers = prepared.graph.consumers()
        self._qparams = {value: prepared.observers[root].qparams() for value, root in prepared.groups.items()}
        self._sizes = [sizes_of(prepared.graph, sample) for sample in samples]
        self._values = [dict(sample) for sample in samples]
        self._exact = [dict(sample) for sample in samples] if wanted else []

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
                self._compute(node, freed[node.name])
            hand_back()
        return replace(self._prepared, graph=graph.with_nodes(nodes), weights=weights)

    def _shown(self, block: Block) -> BlockValues:
        made = {value for node in block for value in node.outputs}
        readers = {value: node for node in reversed(block) for value in node.inputs if value not in made}

        def wanted(sample: int) -> Tensor:
            assert self._exact, "the walk was not asked for the float network's values"
            return self._exact[sample][block[-1].output]

        def read(sample: int) -> dict[str, Tensor]:
            return {value: self._real(node, value, sample) for value, node in readers.items()}

        first = self._values[0].items() if self._values else ()
        rounded = {v for v, held in first if v in readers and self._reads_8_bits(readers[v], held)}
        return BlockValues(read, wanted, self._sizes, {v: q for v, q in self._qparams.items() if v in rounded})

    def _real(self, node: Node, value: str, sample: int) -> Tensor:
        """Return the real numbers that a node reads of a value."""
        held, qparams = self._values[sample][value], self._qparams.get(value)
        if qparams is None or not self._reads_8_bits(node, held):
            return held
        return dequantize(held if _is_rounded(held) else quantize(held, qparams), qparams)

    def _reads_8_bits(self, node: Node, held: Tensor) -> bool:
        """Tell whether a node reads what has qparams in 8 bits: it runs in int8, or the value is held so."""
        return self._prepared.decisions[node.name].int8 or _is_rounded(held)

    def _compute(self, node: Node, freed: Sequence[str]) -> None:
        decisions = self._prepared.decisions
        rounds = decisions[node.name].int8 and (
            self._prepared.layerwise or not gives_float(node, decisions, self._consumers)
        )
        made, node = 0, node.computed()
        for sample, (values, sizes) in enumerate(zip(self._values, self._sizes, strict=True)):
            arguments = [self._real(node, value, sample) for value in node.inputs]
            for value, tensor in _results(node, arguments, sizes).items():
                qparams = self._qparams.get(value)
                values[value] = quantize(tensor, qparams) if rounds and qparams is not None else tensor
                made += values[value].nbytes
            for value in freed:
                del values[value]
            if made > _HAND_BACK:  # what is kept lies scattered over what was made to compute it, many times as large
                made = 0
                hand_back()

    def _compute_exact(self, block: Block, freed: Mapping[str, tuple[str, ...]]) -> None:
        """Compute a block in the float network."""
        for node in block:
            unread = [value for value in freed[node.name] if value != block[-1].output]
            node = node.computed() if self._exact else node
            for values, sizes in zip(self._exact, self._sizes, strict=False):
                values |= _results(node, [values[value] for value in node.inputs], sizes)
                for value in unread:
                    del values[value]


def _results(node: Node, arguments: list[Tensor], sizes: Mapping[str, int]) -> dict[str, Tensor]:
    results = compute(node, arguments, sizes)
    return dict(zip(node.outputs, results if node.more else (results,), strict=True))


def _is_rounded(held: Tensor) -> bool:
    return held.dtype in (torch.uint8, torch.int8)
