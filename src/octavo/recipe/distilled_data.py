"""Calibration data where there is none: inputs that give each batch normalization the statistics it has learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from octavo.graph.capture import evaluating
from octavo.graph.signature import Sample, arguments, copied
from octavo.recipe.progress import Progress, choose
from octavo.recipe.recipe import RecipeError

_TOGETHER = 8
"""Elements of a batch that have the statistics together: of one alone they say nothing."""
_RATE = 0.1
"""Of Adam, in standard deviations of the input. On EfficientNet-Lite0 0.03 was slower and 0.3 ended higher."""


def distilled_data(
    model: nn.Module,
    example_inputs: Sample,
    samples: int = 32,
    steps: int = 60,
    seed: int = 0,
    progress: bool | Progress | None = None,
) -> list[Sample]:
    """Make calibration data from a float module alone.

    Noise is changed by gradient descent until what each batch normalization reads has, in every channel c, the mean
    μ_c and the deviation σ_c that training has left in it. With (m_c, s_c) those of eight elements of a batch, it makes
    Σ over layers of mean over c of ((m_c − μ_c) / σ_c)² + (s_c / σ_c − 1)² small: the paper's equation with each
    channel in units of its own deviation, so that no layer outweighs the others.

    Real data is better; so are few of it. What no batch normalization reads is matched by nothing.

    Args:
        model: a float32 module on the CPU with nn.BatchNorm1d, 2d or 3d in it; left as it was.
        example_inputs: a tensor, a tuple of positional arguments or a dict of keyword arguments of its forward, the
            batch first in each. Noise starts with the mean and the deviation of each floating tensor; others are taken
            as they are.
        samples: elements of batches to make, from 1.
        steps: of gradient descent for eight elements, from 1.
        seed: of the noise; the same one gives the same data.
        progress: as of `octavo.quantize`.

    Returns: samples like `example_inputs`, detached, with at least `samples` elements of a batch in all.

    Raises:
        RecipeError: a number is out of range, the inputs hold no floating tensor, no batch normalization with running
            statistics is run that the inputs lead to, or what it reads is not finite.

    Reference: Cai et al., ZeroQ: A Novel Zero Shot Quantization Framework, CVPR 2020, equation 3.
    """
    for name, number in (("samples", samples), ("steps", steps)):
        if number < 1:
            raise RecipeError(f"{name}: got {number}, expected at least 1")
    leaves, tree = pytree.tree_flatten(example_inputs)
    floating = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor) and leaf.is_floating_point()]
    if not floating or any(not leaves[i].ndim or not leaves[i].numel() for i in floating):
        raise RecipeError(
            "example_inputs: got no floating tensor, or one that is empty or has no batch; expected floating tensors "
            "whose first axis is the batch"
        )
    batch = len(leaves[floating[0]])
    repeats = max(1, _TOGETHER // batch)
    rounds = -(-samples // (batch * repeats))
    generator, show = torch.Generator().manual_seed(seed), choose(progress, "distilling")
    made: list[Sample] = []
    with evaluating(model):
        for at in range(rounds):
            wide = [_repeated(leaf, repeats) for leaf in leaves]
            for i in floating:
                wide[i] = _noise(wide[i], generator)
            descent = _Descent(model, [(wide[i], _deviation(leaves[i])) for i in floating])
            for step in range(steps):
                descent.step(copied(pytree.tree_unflatten(wide, tree)))
                if show is not None:
                    show(at * steps + step + 1, rounds * steps)
            parts = zip(*(_parts(leaf, repeats) for leaf in wide), strict=True)
            made += [pytree.tree_unflatten(part, tree) for part in parts]
    return made[: -(-samples // batch)]


class _Descent:
    """Adam on the inputs of a model.

    Args:
        model: in evaluation mode.
        inputs: each tensor to change, in place, and the unit of its steps.
    """

    def __init__(self, model: nn.Module, inputs: Sequence[tuple[Tensor, float]]) -> None:
        self._model = model
        self._tensors = [tensor.requires_grad_() for tensor, _ in inputs]
        self._adam = torch.optim.Adam([{"params": [tensor], "lr": _RATE * unit} for tensor, unit in inputs])

    def step(self, sample: Sample) -> None:
        """Change the inputs once.

        Args:
            sample: copies of them, which the model may overwrite.

        Raises:
            RecipeError: there is nothing to match, or the distance is no number.
        """
        positional, named = arguments(sample)
        with torch.enable_grad(), _distances(self._model) as terms:
            self._model(*positional, **named)
            total = torch.stack(terms).sum() if terms else None
            if total is None or not total.requires_grad:
                raise RecipeError(
                    f"model: {type(self._model).__name__} runs no batch normalization with running statistics that its "
                    "inputs lead to, so nothing tells what they are like. Remedy: calibration data, or recipe='dynamic'"
                )
            gradients = torch.autograd.grad(total, self._tensors, allow_unused=True)
        if not bool(torch.isfinite(total)):
            raise RecipeError(
                "model: its batch normalizations read numbers that are not finite. Remedy: example inputs of the size "
                "and the range that it was trained on, or calibration data"
            )
        for tensor, gradient in zip(self._tensors, gradients, strict=True):
            tensor.grad = gradient
        self._adam.step()


@contextmanager
def _distances(model: nn.Module) -> Iterator[list[Tensor]]:
    """Collect how far the inputs of each batch normalization are from its statistics, while the model runs."""
    terms: list[Tensor] = []

    def measure(norm: nn.Module, inputs: tuple[Any, ...]) -> None:
        terms.append(distance(inputs[0], norm.running_mean, (norm.running_var + norm.eps).sqrt()))  # type: ignore[arg-type, operator]

    norms = (m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm))
    hooks = [norm.register_forward_pre_hook(measure) for norm in norms if norm.running_mean is not None]
    try:
        yield terms
    finally:
        for hook in hooks:
            hook.remove()


def distance(values: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Return how far the statistics of channels are from others, in units of the latter's deviation.

    Args:
        values: [n, c, …] float32.
        mean, deviation: [c].
    """
    others = [axis for axis in range(values.ndim) if axis != 1]
    centre = values.mean(others, keepdim=True)
    # The deviation of a constant is 0 and has no gradient there; that of any more is far above this.
    spread = ((values - centre).square().mean(others) + torch.finfo(torch.float32).tiny).sqrt()
    return ((centre.flatten() - mean) / deviation).square().mean() + (spread / deviation - 1).square().mean()


def _noise(like: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(like.shape, generator=generator, dtype=like.dtype)
    return noise * _deviation(like) + like.detach().mean()


def _deviation(tensor: Tensor) -> float:
    """Return the standard deviation of a tensor; 1 where it is constant."""
    return float(tensor.detach().std(correction=0)) or 1.0


def _repeated(leaf: Any, times: int) -> Any:
    return leaf.repeat(times, *[1] * (leaf.ndim - 1)) if isinstance(leaf, Tensor) and leaf.ndim else leaf


def _parts(leaf: Any, count: int) -> list[Any]:
    """Cut a batch into several that lie one after the other."""
    if not isinstance(leaf, Tensor) or not leaf.ndim:
        return [leaf] * count
    return [part.clone() for part in leaf.detach().chunk(count)]
