"""From a float module to the int8 one that is accurate enough, by itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from torch import nn

from octavo import __version__
from octavo.graph.signature import Sample
from octavo.recipe.digest import model_digest
from octavo.recipe.recipe import Recipe, RecipeError, resolve
from octavo.recipe.tuning import STEPS, Profile, Step, TunedModel
from octavo.recipe.tuning.climb import Climb
from octavo.recipe.tuning.clock import BudgetSpentError, Clock
from octavo.recipe.tuning.goal import Evaluate, Goal
from octavo.recipe.tuning.journal import Journal
from octavo.recipe.tuning.measuring import EvaluationError
from octavo.recipe.tuning.progress import Watcher, choose
from octavo.recipe.tuning.samples import read_samples
from octavo.recipe.tuning.workbench import Workbench


def tune(
    model: nn.Module,
    example_inputs: Sample,
    calibration_data: Iterable[Sample] | None,
    evaluate: Evaluate | None = None,
    max_drop: float = 0.1,
    sqnr: float | None = None,
    budget: float | None = None,
    folder: str | os.PathLike[str] | None = None,
    *,
    max_milliseconds: float | None = None,
    max_bytes: float | None = None,
    steps: Sequence[Step] = STEPS,
    recipe: str | Recipe = "auto",
    dynamic_shapes: Any = None,
    progress: bool | Watcher | None = None,
) -> TunedModel:
    """Quantize a float module so that it stays as accurate as is wanted.

    The steps are climbed one after the other, each from the best model so far: plain quantization, bias correction,
    GPTQ, other ranges, some layers in float, as few as do, rounding that is learned, and training. It ends as soon as
    the accuracy holds. The module is captured once, and calibrated once for each kind of range.

    Every fifth sample is kept out of calibration and gives the SQNR; of fewer than five samples all do both.

    Memory: the module's float weights once more while samples are run, and else a quarter of them each for integers, a
    program and the engine; with it what one layer needs (its Hessian, see `docs/decisions/0018`), what one block does
    where rounding is learned, and while it trains the training.

    Args:
        model: a float32 module on the CPU; left as it was.
        example_inputs: a tensor, a tuple of positional arguments or a dict of keyword arguments of its forward.
        calibration_data: an iterable of such inputs, without labels; it is read once and held, up to 1 GB.
        evaluate: called with the float module and with each QuantizedModel, and returns a number that is larger the
            better the model is, such as the percentage that it gets right.
        max_drop: how far below float's that number may be.
        sqnr: in place of `evaluate`, the wanted ratio of the outputs to their error in dB; it is reached where the
            measured one less two standard errors is as large, since other samples may be harder.
        budget: minutes of this call; None: as long as it takes. The first int8 model is always made and measured, and
            a call of `evaluate` is never cut short.
        folder: keeps a journal and the best program; the next call with it goes on from there. Kept after an
            interrupt, an error of `evaluate` and a crash.
        max_milliseconds, max_bytes: what a call on the example inputs may take, and the file. Layers stay in float
            then as far as they allow.
        steps: in place of `octavo.recipe.tuning.STEPS`.
        recipe: that the steps change.
        dynamic_shapes: as in `torch.export.export`.
        progress: True shows lines on the terminal, None only where there is one; or a function that is called with
            what is done, how many steps of it are done, and how many there are or None.

    Returns: the best model seen, also where the goal is not reached or after Ctrl-C; `table()` lists every trial.

    Raises:
        RecipeError: there is no goal, no data, or an argument is wrong.
        EvaluationError: `evaluate` raised or gave no finite number; its `tuned` is the best model so far.
        JournalError: the folder holds the journal of another model or other data.
        KeyboardInterrupt: before there was a model.
        CaptureError, CalibrationError, ConversionError: as `octavo.quantize`.
    """
    goal = Goal(evaluate, max_drop, sqnr, max_milliseconds, max_bytes)
    _check(budget, steps)
    samples = read_samples(calibration_data)
    start = resolve(recipe, has_calibration_data=True)
    if start.scheme != "static":
        raise RecipeError("recipe: got a dynamic one, expected a static one: tuning changes how ranges are found")
    subject = {"octavo": __version__, "model": model_digest(model), "calibration data": samples.digest}
    journal = Journal(folder, subject)
    clock, show = Clock(budget), choose(progress)

    def told(what: str, done: int, total: int | None) -> None:
        clock.tick()
        show(what, done, total)

    bench = Workbench(model, example_inputs, samples, dynamic_shapes, told)
    climb = Climb(bench, goal, journal, start, clock, show)

    def result(stopped: str, interrupted: bool = False) -> TunedModel | None:
        best = climb.best
        if best is None:
            return None
        clock.active, found = False, climb.model(best)
        place, reached = climb.tried.index(best), goal.satisfied(journal.trials[best], climb.exact)
        tuned = TunedModel(found, tuple(climb.trials), place, reached, stopped, samples.note, interrupted)
        tuned.sensitivity = climb.sensitivity
        return tuned

    try:
        stopped = _climb(climb, steps)
    except EvaluationError as error:
        error.tuned = result(f"evaluate failed: {error}")
        raise
    except KeyboardInterrupt:
        later = "" if folder is None else f"; the same call with folder={str(folder)!r} goes on"
        tuned = result(f"interrupted{later}", interrupted=True)
        if tuned is None:
            raise
        return tuned
    tuned = result(stopped)
    assert tuned is not None  # a first model is always made, or an error says why not
    return tuned


def _climb(climb: Climb, steps: Sequence[Step]) -> str:
    """Go through the steps and return why they ended."""
    try:
        for step in steps:
            step.run(climb)
            if climb.reached:
                return f"reached: {climb.goal.text(climb.exact)}"
    except BudgetSpentError:
        return f"the budget is spent; wanted: {climb.goal.text(climb.exact)}"
    return f"every step was tried; wanted: {climb.goal.text(climb.exact)}"


def _check(budget: float | None, steps: Sequence[Step]) -> None:
    if budget is not None and not (isinstance(budget, (int, float)) and budget >= 0):
        raise RecipeError(f"budget: got {budget!r}, expected minutes from 0, or None")
    if len(steps) < 2 or not isinstance(steps[0], Profile):
        raise RecipeError("steps: expected Profile() first, and at least one step after it")
