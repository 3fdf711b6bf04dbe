"""What is measured of a model that tuning has made."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from octavo.algorithms.output_loss import ratio_db, signal_power, squared_error
from octavo.graph.capture import evaluating
from octavo.graph.signature import Sample, arguments
from octavo.program import OctavoError, file_size
from octavo.recipe.quantized_model import QuantizedModel
from octavo.recipe.tuning.goal import Evaluate, Goal
from octavo.recipe.tuning.trial import Trial
from octavo.recipe.tuning.workbench import Workbench
from octavo.runtime.timing import interleave

_TIMED_SECONDS = 0.2
_MOST_BYTES = 1 << 28


class EvaluationError(OctavoError, RuntimeError):
    """The function that measures accuracy has failed.

    Attributes:
        tuned: the best model so far, with everything that was tried; None where there is none.
    """

    tuned: Any = None


class Reference:
    """The float outputs for some samples, to compare others with.

    Args:
        model: the float module.
        samples: its inputs; their outputs are kept as long as they take less than 256 MB, else computed again.
    """

    def __init__(self, model: nn.Module, samples: Sequence[Sample]) -> None:
        self._model, self._samples = model, samples
        self._kept: dict[int, list[Tensor]] = {}
        self._bytes = 0

    def sqnr(self, model: Callable[..., Any], step: Callable[[int], None] = lambda done: None) -> tuple[float, float]:
        """Return the ratio of the power of all floating outputs to that of their errors, over all samples, in dB.

        With it comes its standard error, by leaving out one sample after the other (the jackknife): few samples may
        be easier than those to come. 0 where there is one sample, or nothing was lost.

        Reference: Efron and Stein, The Jackknife Estimate of Variance, 1981, equation 1.3.
        """
        powers: list[tuple[float, float]] = []
        for index, sample in enumerate(self._samples):
            exact = self._outputs(index)
            powers.append((signal_power(exact), squared_error(exact, _call(model, sample))))
            step(index + 1)
        signal, noise = (sum(part) for part in zip(*powers, strict=True))
        if math.isnan(noise):
            return -math.inf, 0.0
        left_out = [ratio_db(signal - s, noise - n) for s, n in powers]
        mean = sum(left_out) / len(left_out)
        spread = sum((value - mean) ** 2 for value in left_out) if math.isfinite(mean) else 0.0
        return ratio_db(signal, noise), math.sqrt(spread * (len(powers) - 1) / len(powers))

    def _outputs(self, index: int) -> list[Tensor]:
        if index in self._kept:
            return self._kept[index]
        with evaluating(self._model), torch.no_grad():
            outputs = _call(self._model, self._samples[index])
        self._bytes += sum(tensor.numel() * tensor.element_size() for tensor in outputs)
        if self._bytes <= _MOST_BYTES:
            self._kept[index] = outputs
        return outputs


def score_of(evaluate: Evaluate, model: Any, what: str) -> float:
    """Return what `evaluate` gives for a model.

    Args:
        evaluate: the user's.
        model: float or int8.
        what: to call it in an error.

    Raises:
        EvaluationError: it raises something, or returns something that is no finite number.
    """
    try:
        score = evaluate(model)
    except Exception as error:
        raise EvaluationError(
            f"evaluate: raised {type(error).__name__} for {what}: {error}; expected a number"
        ) from error
    if isinstance(score, torch.Tensor) and score.numel() == 1:
        score = score.item()
    try:
        number = float(score)
    except (TypeError, ValueError):
        raise EvaluationError(
            f"evaluate: gave a {type(score).__name__} for {what}, expected a number that is larger the better the model"
        ) from None
    if not math.isfinite(number):
        raise EvaluationError(f"evaluate: gave {number} for {what}, expected a finite number")
    return number


class Meter:
    """Measures models: error, accuracy, size, speed.

    Args:
        bench: with the float model and the samples.
        goal: with what measures accuracy.
    """

    def __init__(self, bench: Workbench, goal: Goal) -> None:
        self._bench, self._evaluate = bench, goal.evaluate
        self._reference = Reference(bench.model, bench.samples.measured)

    def measured(self, trial: Trial, model: Any, seconds: float) -> Trial:
        """Return a trial with what was measured of its model.

        Args:
            trial: the float model's, or another's.
            model: callable as the float module.
            seconds: that it took to make.

        Raises:
            EvaluationError: `evaluate` has failed.
        """
        start, tell, samples = time.monotonic(), self._bench.told, len(self._bench.samples.measured)
        if isinstance(model, QuantizedModel):
            size = file_size(model.program)
            sqnr, error = self._reference.sqnr(model, lambda done: tell("measuring", done, samples))
        else:
            parts = (*model.parameters(), *model.buffers())
            size, sqnr = sum(t.numel() * t.element_size() for t in parts), math.inf
            error = 0.0
        score = None
        if self._evaluate is not None:
            tell("evaluating", 0, None)
            score = score_of(self._evaluate, model, f"'{trial.step}: {trial.name}'")
        taken = _milliseconds(model, self._bench.example_inputs)
        spent = seconds + time.monotonic() - start
        return replace(
            trial, score=score, sqnr_db=sqnr, sqnr_error_db=error, bytes=size, milliseconds=taken, seconds=spent
        )


def _milliseconds(model: Any, example_inputs: Sample) -> float:
    """Return the median time of a call on the example inputs."""
    args, kwargs = arguments(example_inputs)
    with torch.inference_mode():
        return interleave({"": lambda: model(*args, **kwargs)}, _TIMED_SECONDS, rounds=1)[""].median


def _call(model: Callable[..., Any], sample: Sample) -> list[Tensor]:
    args, kwargs = arguments(sample)
    return [leaf for leaf in pytree.tree_leaves(model(*args, **kwargs)) if isinstance(leaf, Tensor)]
