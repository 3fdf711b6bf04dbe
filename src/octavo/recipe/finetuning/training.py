"""The steps of fine-tuning."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from octavo.algorithms.oscillation import dampening
from octavo.fake_quantize import LearnedFakeQuantize
from octavo.graph import TrainedModel
from octavo.graph.signature import Sample, arguments
from octavo.nn.intrinsic.qat.batch_norm import freeze_bn_stats
from octavo.recipe.finetuning.checkpoint import Checkpoint
from octavo.recipe.finetuning.objective import Loss
from octavo.recipe.finetuning.plan import FinetuneError, FinetunePlan
from octavo.recipe.finetuning.ranks import Ranks

Batch = tuple[Sample, Any]
"""Inputs of the model, and what its outputs are compared with."""

_SECONDS = 60.0
"""Between two checkpoints."""


class Training:
    """Trains a model for 8 bits, from where a checkpoint left it.

    Args:
        model: is changed in place; its scales have their first values.
        plan: the course.
        loss: of the outputs and what they should be.
        checkpoint: where the state is kept.
        ranks: the processes.
        progress: called after each step with how many are done, and how many there are.
    """

    def __init__(
        self, model: TrainedModel, plan: FinetunePlan, loss: Loss, checkpoint: Checkpoint, ranks: Ranks,
        progress: Callable[[int, int | None], None] | None,
    ) -> None:  # fmt: skip
        self._model, self._plan, self._loss = model, plan, loss
        self._checkpoint, self._ranks, self._progress = checkpoint, ranks, progress
        self._optimizer = torch.optim.AdamW(_groups(model, plan), weight_decay=0.0)
        self._rates = [group["lr"] for group in self._optimizer.param_groups]

    def run(self, batches: Callable[[], Iterable[Batch]], total: int) -> None:
        """Train.

        Args:
            batches: gives those of one epoch, the same number each time.
            total: how many there are.

        Raises:
            FinetuneError: there are fewer batches than processes, or the loss is no finite number.
        """
        each = self._ranks.steps(total)
        if not each:
            raise FinetuneError(
                f"training_data: {total} batches, expected at least one for each of {self._ranks.processes}"
            )
        steps = each * self._plan.epochs
        done = self._checkpoint.load(self._model, self._optimizer)
        forward: nn.Module = self._model if self._ranks.processes == 1 else DistributedDataParallel(self._model)
        saved = time.monotonic()
        try:
            for sample, wanted in self._from(done, each, batches, total):
                self._step(forward, sample, wanted, done, steps)
                done += 1
                if self._progress is not None:
                    self._progress(done, steps)
                if self._ranks.first and time.monotonic() - saved > _SECONDS:
                    self._checkpoint.save(self._model, self._optimizer, done)
                    saved = time.monotonic()
        finally:
            # An interrupt inside a step leaves the state of a part of it: far less than what a step changes anyway.
            if self._ranks.first:
                self._checkpoint.save(self._model, self._optimizer, done)

    def _from(self, done: int, each: int, batches: Callable[[], Iterable[Batch]], total: int) -> Iterator[Batch]:
        """Yield the batches that are left; those of a begun epoch that are done are passed over."""
        for epoch in range(done // each, self._plan.epochs):
            for index, batch in enumerate(self._ranks.share(batches(), total)):
                if epoch * each + index >= done:
                    yield batch

    def _step(self, forward: nn.Module, sample: Sample, wanted: Any, step: int, steps: int) -> None:
        share, left = step / steps, self._plan.left(step, steps)
        self._model.train()
        if share >= self._plan.freeze_norms:
            self._model.apply(freeze_bn_stats)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = 0.0 if group["is_scale"] and share >= self._plan.freeze_scales else rate * left
        self._optimizer.zero_grad()
        positional, named = arguments(sample)
        loss = self._loss(forward(*positional, **named), wanted)
        if not (isinstance(loss, Tensor) and loss.numel() == 1 and loss.requires_grad):
            raise FinetuneError("loss: expected a function that returns a tensor of one element with a gradient")
        if not torch.isfinite(loss):
            raise FinetuneError(
                f"the loss of step {step} is {loss.item()}. Remedy: a lower learning_rate, or look at that batch; the "
                "steps before it are kept in `folder`, where one was given"
            )
        damping = self._plan.damping_at(step, steps)
        (loss + damping * dampening(self._model) if damping else loss).backward()
        self._optimizer.step()


def _groups(model: TrainedModel, plan: FinetunePlan) -> list[dict[str, Any]]:
    """Return what is trained: the weights, and each scale and zero_point with a rate after its own step."""
    groups: list[dict[str, Any]] = []
    for module in model.modules():
        if isinstance(module, LearnedFakeQuantize):
            size = float(module.scale.detach().abs().mean())
            groups.append({"params": [module.scale], "lr": plan.scale_learning_rate * size, "is_scale": True})
            if isinstance(module.zero_point, nn.Parameter):
                groups.append({"params": [module.zero_point], "lr": plan.scale_learning_rate, "is_scale": True})
    known = {id(parameter) for group in groups for parameter in group["params"]}
    weights = [p for p in model.parameters() if p.requires_grad and id(p) not in known]
    return [{"params": weights, "lr": plan.learning_rate, "is_scale": False}, *groups]
