"""Layer and batch norm trained together as the one layer in 8 bits that they will be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from octavo.nn.folding import fold
from octavo.nn.qat.weight import FakeQuantizedWeight

# A channel that batch norm scales by less than this is scaled by this: it gives next to nothing either way.
_LEAST_FACTOR = 1e-12


def _factor(variance: Tensor, gamma: Tensor | None, eps: float) -> Tensor:
    f = torch.rsqrt(variance + eps)
    if gamma is not None:
        f = f * gamma
    return torch.where(f.abs() < _LEAST_FACTOR, torch.copysign(torch.full_like(f, _LEAST_FACTOR), f), f)


_opaque_factor = torch.library.custom_op(
    "octavo::batch_norm_factor",
    _factor,
    mutates_args=(),
    schema="(Tensor variance, Tensor? gamma, float eps) -> Tensor",
)
_opaque_factor.register_fake(lambda variance, gamma, eps: torch.empty_like(variance))


class FoldedBatchNorm(FakeQuantizedWeight):
    """Round the weight as it will be once batch norm is folded in.

    With running statistics µ, σ and `f = γ / √(σ² + ε)`:

        y = bn(layer(x, fq(w · f)) / f + bias)

    while the batch's own statistics normalize; for the gradient f is a constant, for it cancels but for what rounding
    leaves. In evaluation, and in training with frozen statistics, the running ones are folded in: y = layer(x,
    fq(folded weight)) + folded bias, the very layer that is converted.

    Attributes:
        bn: the batch norm.
        freeze_bn: whether it stays with the running statistics while the rest trains.

    Reference: Jacob et al. 2018, arXiv:1712.05877, section 3.2; Krishnamoorthi 2018, arXiv:1806.08342, section 3.2.2.
    """

    bn: Any
    freeze_bn: bool
    training: bool

    def attach_norm(self, norm: nn.Module) -> None:
        """Take the batch norm over; it shares its parameters and statistics.

        Raises:
            ValueError: it keeps no running statistics.
        """
        if getattr(norm, "running_var", None) is None:
            raise ValueError(
                f"{type(self).__name__}: its batch norm keeps no running statistics, so that it cannot be folded. "
                "Remedy: build it with track_running_stats=True, or leave the two unfused"
            )
        self.bn = norm
        self.freeze_bn = False

    def factor(self) -> Tensor:
        """Return `γ / √(σ² + ε)`, [out_channels], away from zero; without gradient."""
        # Compiled code would compute it again in the backward pass, of statistics that have moved; an operator that it
        # cannot look into is kept as it was.
        compute = _opaque_factor if torch.compiler.is_compiling() else _factor
        gamma = self.bn.weight
        return compute(self.bn.running_var, None if gamma is None else gamma.detach(), self.bn.eps)

    def forward(self, input: Tensor) -> Tensor:
        """Compute the layer, its batch norm and its ReLU."""
        if not self.bn.training:
            return self.computed(input, *fold(self.weight, self.bias, self.bn))
        return self.activated(self.normalized(lambda weight: self.layer(input, weight)))

    def normalized(self, layer: Callable[[Tensor], Tensor]) -> Tensor:
        """Compute the layer with the batch's own statistics, and let the running ones of all ranks follow.

        Args:
            layer: computes it, without its bias, with a rounded weight.
        """
        f = self.factor()
        scaled = layer(self.rounded(self.weight * f.view(-1, *[1] * (self.weight.dim() - 1))))
        view = (1, -1, *[1] * (scaled.dim() - 2))
        plain = scaled * f.reciprocal().view(view)
        y = self.bn(plain if self.bias is None else plain + self.bias.view(view))
        average_over_ranks(self.bn)
        return y

    def folded_weight_bias(self) -> tuple[Tensor, Tensor | None]:
        """Return the float weight and bias with the running statistics folded in."""
        with torch.no_grad():
            return fold(self.weight, self.bias, self.bn)

    def update_bn_stats(self) -> Any:
        """Let batch norm follow the batches."""
        self.freeze_bn = False
        self.bn.train(self.training)
        return self

    def freeze_bn_stats(self) -> Any:
        """Hold batch norm at the running statistics."""
        self.freeze_bn = True
        self.bn.eval()
        return self

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        self.bn.reset_running_stats()

    def train(self, mode: bool = True) -> Any:
        """Set the mode; frozen statistics stay frozen."""
        super().train(mode)  # type: ignore[misc]
        if self.freeze_bn:
            self.bn.eval()
        return self


def freeze_bn_stats(mod: nn.Module) -> None:
    """Hold a module's batch norm at its running statistics; `model.apply(freeze_bn_stats)`."""
    if isinstance(mod, FoldedBatchNorm):
        mod.freeze_bn_stats()


def update_bn_stats(mod: nn.Module) -> None:
    """Let a module's batch norm follow the batches again; `model.apply(update_bn_stats)`."""
    if isinstance(mod, FoldedBatchNorm):
        mod.update_bn_stats()


def average_over_ranks(norm: Any) -> None:
    """Let every rank fold the same statistics: their mean over all ranks."""
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return
    with torch.no_grad():
        both = torch.cat([norm.running_mean, norm.running_var])
        dist.all_reduce(both)
        both /= dist.get_world_size()
        # Past autograd, which has saved them for a backward pass that reads only the batch's own statistics.
        norm.running_mean.data.copy_(both[: norm.num_features])
        norm.running_var.data.copy_(both[norm.num_features :])
