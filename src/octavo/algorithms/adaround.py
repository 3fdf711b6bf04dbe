"""Learn for each number of a weight whether it is rounded up or down, so that the layer gives what it gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from octavo.algorithms.soft_rounding import SoftWeight, beta_at
from octavo.numerics import Qparams, dequantize

STEPS = 400
"""Steps of gradient descent for a layer; 1000 gain another 0.1 to 0.8 dB of its output, of 4 bits."""
BATCH = 256
"""How many outputs of a layer a step looks at."""
_RATE = 0.1
# How many numbers of a weight are learned at once, which bounds the memory: learning takes seven times as much.
_AT_ONCE = 5 << 18
# How many outputs all the errors are computed of at once, for the same reason.
_ROWS = 1024
_REGULARIZATION = 20.0
"""The paper's 0.01 is in the layer's own units. In ours less leaves numbers between their integers at the end: of 4
bits, 1 ends up to 10 dB behind 10 to 30, which differ by half a dB."""


@dataclass(frozen=True)
class Outputs:
    """Some outputs of a layer, in rows, with what they are computed from.

    Args:
        inputs: [groups, n, k], what the rows of the weight are multiplied by, as the int8 program gives it: float32, or
            its integers, a quarter as large.
        wanted: [n, out_channels] float32, what the layer gives in the float network, the activation included.
        added: [n, out_channels] or [out_channels], what is added to the products: bias and residual.
        clamp: the ends of a fused activation; None where there is none.
        qparams: of the integers; None where `inputs` is float32.
    """

    inputs: Tensor
    wanted: Tensor
    added: Tensor
    clamp: tuple[float | None, float | None] | None = None
    qparams: Qparams | None = None

    def __len__(self) -> int:
        return len(self.wanted)

    def part(self, rows: Tensor | slice) -> Outputs:
        """Return some of them, their inputs in float32."""
        added = self.added if self.added.dim() == 1 else self.added[rows]
        inputs = self.inputs[:, rows]
        real = inputs if self.qparams is None else dequantize(inputs, self.qparams)
        return Outputs(real, self.wanted[rows], added, self.clamp)

    def of_rows(self, groups: int, rows: slice) -> Outputs:
        """Return what some rows of the weight make in each group."""
        wanted, added = (each.unflatten(-1, (groups, -1))[..., rows].flatten(-2) for each in (self.wanted, self.added))
        return replace(self, wanted=wanted, added=added)

    def errors(self, weight: Tensor) -> Tensor:
        """Return the difference that a weight [groups, rows, k] makes, [n, out_channels]: f(Ŵx̂ + b) − f(Wx + b).

        Of inputs in float32.
        """
        products = torch.bmm(self.inputs, weight.transpose(1, 2))  # [groups, n, rows]
        y = products.transpose(0, 1).flatten(1) + self.added
        return (y if self.clamp is None else y.clamp(*self.clamp)) - self.wanted


def adaround(
    weight: Tensor,
    outputs: Outputs,
    scale: Tensor,
    quant_max: int = 127,
    generator: torch.Generator | None = None,
    steps: int | None = None,
) -> Tensor:
    """Choose for each number of a weight the integer below or above it, so that the layer's output changes least.

    It minimizes `‖f(Wx) − f(W̃x̂)‖² + λ Σ 1 − |2h(V) − 1|^β` over V with Adam, where W̃ is `SoftWeight`, x̂ what the
    layers before give once they are quantized, and f the activation: β falls, and the second term ends by drawing each
    number to one of its two integers. The error of a row is counted in units of what rounding to nearest costs each of
    its numbers, so that λ and the rate serve every layer. A row that ends with more error than that is rounded to
    nearest.

    Args:
        weight: [groups, rows, k] float.
        outputs: what it is learned from.
        scale: [groups, rows] float > 0, of one row each.
        quant_max: integers are in [−quant_max, quant_max].
        generator: draws the outputs of each step.
        steps: of gradient descent; None for STEPS.

    Returns: [groups, rows, k] int8.

    Reference: Nagel et al., Up or Down? Adaptive Rounding for Post-Training Quantization, ICML 2020, equations 21 to
        25, with β and the warming up of its appendix.
    """
    steps = STEPS if steps is None else steps
    count = len(outputs)
    drawn = [torch.randint(count, (min(BATCH, count),), generator=generator) for _ in range(steps)]
    groups, rows, _ = weight.shape
    several = min(rows, -(-weight.numel() // _AT_ONCE))
    if several == 1:
        return _learned(weight, outputs, scale, quant_max, drawn)
    at_once = -(-rows // several)
    parts = [slice(start, start + at_once) for start in range(0, rows, at_once)]
    return torch.cat(
        [_learned(weight[:, p], outputs.of_rows(groups, p), scale[:, p], quant_max, drawn) for p in parts], 1
    )


def _learned(weight: Tensor, outputs: Outputs, scale: Tensor, quant_max: int, drawn: Sequence[Tensor]) -> Tensor:
    """Do what `adaround` does for rows of a weight, with the outputs that are drawn for each step."""
    steps_of_rows = scale.float().unsqueeze(2)
    nearest = (weight / steps_of_rows).round().clamp(-quant_max, quant_max)
    soft = SoftWeight(weight.float(), steps_of_rows, quant_max)
    with torch.no_grad():
        least = _row_errors(outputs, nearest * steps_of_rows)
    unit = torch.where(least > 0.0, least / weight.shape[2], 1.0)
    optimizer = torch.optim.Adam([soft.v], lr=_RATE, fused=True)
    for step, looked_at in enumerate(drawn):
        with torch.enable_grad():
            real, undecided = soft.soft(beta_at(step, len(drawn)))
            loss = outputs.part(looked_at).errors(real).square().mean(0).div(unit).sum()
            loss = loss + _REGULARIZATION * undecided
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    learned = soft.integers()
    with torch.no_grad():
        better = _row_errors(outputs, learned * steps_of_rows) < least
    return torch.where(better.reshape(nearest.shape[:2]).unsqueeze(2), learned, nearest).to(torch.int8)


def _row_errors(outputs: Outputs, weight: Tensor) -> Tensor:
    """Return the mean squared error of each output channel, [out_channels]."""
    errors = torch.empty_like(outputs.wanted)
    for start in range(0, len(outputs), _ROWS):
        part = slice(start, start + _ROWS)
        errors[part] = outputs.part(part).errors(weight)
    return errors.square_().mean(0)
