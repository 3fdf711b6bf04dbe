"""Learn the rounding of all layers of a block at once, so that the block gives what it gave."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from octavo.algorithms.soft_rounding import SoftWeight, beta_at
from octavo.graph.block_values import Block, BlockValues
from octavo.graph.execute import compute
from octavo.graph.transposed import by_output_channel
from octavo.numerics import Qparams

STEPS = 200
"""Steps of gradient descent for a block."""
BATCH = 4
"""How many elements of a sample a step looks at, where the block's elements go their way alone."""
_RATE = 0.1
_REGULARIZATION = 20.0
_COMPARED = 8
"""How many parts of samples what was learned is compared with rounding to nearest on."""

_ALONE = frozenset({
    "conv", "conv_transpose", "add", "mul", "affine", "clamp", "function", "prelu", "concat", "max_pool", "avg_pool",
    "adaptive_avg_pool", "channel_shuffle",
})  # fmt: skip
"""Nodes that treat the elements of the first axis one by one."""


def brecq(
    block: Block,
    values: BlockValues,
    qparams: Mapping[str, Qparams],
    generator: torch.Generator,
    steps: int | None = None,
) -> dict[str, Tensor]:
    """Choose for each number of the weights of a block the integer below or above it.

    It minimizes `‖z − ẑ‖² + λ Σ 1 − |2h(V) − 1|^β` over the V of all layers, as `adaround` does for one: ẑ is what the
    block gives for the input that it will have in int8, z what it gives in the float network. That is the paper's
    objective with the Hessian of the task's loss taken for one number times the identity, the choice that needs no
    labels. Values inside the block stay in float32. Where rounding to nearest gives less error, that is returned.

    A block is learned at once, which takes about nine times its weights: V, its gradient and Adam's two moments, the
    integers below, soft weights and their gradients.

    Args:
        block: nodes of which two or more are layers.
        values: what it reads, and what it makes in the float network.
        qparams: name of each layer whose weight is to be rounded to that weight's qparams, output channels first.
        generator: draws the samples, and the elements of them.
        steps: of gradient descent; None for STEPS.

    Returns: name to the integers, int8 with the output channels first.

    Reference: Li et al., BRECQ: Pushing the Limit of Post-Training Quantization by Block Reconstruction, ICLR 2021,
        equation 10 and algorithm 1.
    """
    layers = {node.name: node for node in block if node.name in qparams}
    soft: dict[str, SoftWeight] = {}
    nearest: dict[str, Tensor] = {}
    for name, node in layers.items():
        weight = by_output_channel(node, node.constants["weight"].detach())
        scale = qparams[name].scale.expand(len(weight)).reshape(-1, *[1] * (weight.dim() - 1))
        soft[name] = SoftWeight(weight, scale, qparams[name].quant_max)
        q = (weight / scale).round().clamp(-qparams[name].quant_max, qparams[name].quant_max)
        nearest[name] = q.to(torch.int8)
    reconstruction = _Reconstruction(block, values, layers, generator)
    compared = [reconstruction.draw() for _ in range(_COMPARED)]

    def mean_error(integers: Mapping[str, Tensor]) -> float:
        real = {name: by_output_channel(layers[name], q * soft[name].scale) for name, q in integers.items()}
        return sum(float(reconstruction.error(part, real)) for part in compared) / _COMPARED

    least = mean_error(nearest)
    if least == 0.0:
        return nearest
    unit = least / sum(part.v.numel() for part in soft.values())
    optimizer = torch.optim.Adam([part.v for part in soft.values()], lr=_RATE, fused=True)
    steps = STEPS if steps is None else steps
    for step in range(steps):
        part = reconstruction.draw()
        with torch.enable_grad():
            made = {name: weight.soft(beta_at(step, steps)) for name, weight in soft.items()}
            real = {name: by_output_channel(layers[name], weight) for name, (weight, _) in made.items()}
            loss = reconstruction.error(part, real) / unit
            loss = loss + _REGULARIZATION * torch.stack([undecided for _, undecided in made.values()]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    learned = {name: weight.integers().to(torch.int8) for name, weight in soft.items()}
    return learned if mean_error(learned) < least else nearest


class _Reconstruction:
    """Compute a block with other weights, those of `layers`, on parts of the samples."""

    def __init__(self, block: Block, values: BlockValues, layers: Collection[str], generator: torch.Generator) -> None:
        self._block = tuple(node if node.name in layers else node.computed() for node in block)
        self._values, self._generator = values, generator
        self._alone = all(node.type in _ALONE for node in block)

    def draw(self) -> tuple[int, Tensor | None]:
        """Draw a sample and, where it has many elements, some of them."""
        sample = int(torch.randint(len(self._values), (), generator=self._generator))
        count = len(self._values.wanted(sample))
        if not self._alone or count <= BATCH:
            return sample, None
        return sample, torch.randperm(count, generator=self._generator)[:BATCH]

    def error(self, part: tuple[int, Tensor | None], weights: Mapping[str, Tensor]) -> Tensor:
        """Return the mean squared error of the block's output."""
        sample, elements = part
        read = self._values.read(sample)
        wanted = self._values.wanted(sample)
        if elements is not None:
            read = {name: value[elements] for name, value in read.items()}
            wanted = wanted[elements]
        for node in self._block:
            other = node.with_constants(weight=weights[node.name]) if node.name in weights else node
            made = compute(other, [read[value] for value in node.inputs], self._values.sizes[sample])
            read |= dict(zip(node.outputs, made if node.more else (made,), strict=True))
        return (read[self._block[-1].output] - wanted).square().mean()
