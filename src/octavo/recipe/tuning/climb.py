"""The state of tuning: what was tried, what is best, how much time is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from octavo.algorithms import LayerSensitivity
from octavo.graph.capture import evaluating
from octavo.program import OctavoError
from octavo.recipe.quantized_model import QuantizedModel
from octavo.recipe.recipe import Recipe
from octavo.recipe.tuning.clock import Clock
from octavo.recipe.tuning.goal import Goal
from octavo.recipe.tuning.journal import Journal
from octavo.recipe.tuning.measuring import Meter
from octavo.recipe.tuning.progress import OVER, Watcher
from octavo.recipe.tuning.trial import FLOAT, Trial
from octavo.recipe.tuning.tuned import row_of
from octavo.recipe.tuning.workbench import Workbench


class Climb:
    """Try models one after the other, and know the best.

    Args:
        bench: makes them.
        goal: what is wanted.
        journal: keeps what was tried; a trial that it has is not made again.
        start: the recipe that the first step changes.
        clock: of the budget.
        told: hears what came of each trial.

    Attributes:
        recipes: of each trial, by its index in the journal.
        tried: the index in the journal of each of `trials`.
        searched: the recipes whose layers in float were looked for.
        sensitivity: of the layers, the one that costs most first, where a step has measured it.
    """

    def __init__(
        self, bench: Workbench, goal: Goal, journal: Journal, start: Recipe, clock: Clock, told: Watcher
    ) -> None:
        self.bench, self.goal, self.journal = bench, goal, journal
        self.recipes: dict[int, Recipe] = {}
        self.searched: set[Recipe] = set()
        self.sensitivity: tuple[LayerSensitivity, ...] = ()
        self._start, self._clock, self._told = start, clock, told
        self.tried: list[int] = []
        self._shown: set[int] = set()
        self._makes: dict[int, Callable[[], Any]] = {}
        self._meter = Meter(bench, goal)

    @property
    def exact(self) -> Trial:
        """The float model, measured."""
        return self.journal.trials[self.tried[0]]

    @property
    def trials(self) -> list[Trial]:
        """What was tried in this climb, in order, the float model first."""
        return [self.journal.trials[index] for index in self.tried]

    @property
    def best(self) -> int | None:
        """The index of the best model; None where there is none. One that could not be measured is the worst."""
        return self._best(self.tried[1:])

    @property
    def recipe(self) -> Recipe:
        """The recipe of the best model, or the one to start with."""
        return self._start if self.best is None else self.recipes[self.best]

    @property
    def int8_recipe(self) -> Recipe:
        """The recipe of the best model that keeps no layer in float, or the one to start with."""
        best = self._best([index for index in self.tried[1:] if not self.journal.trials[index].in_float])
        return self._start if best is None else self.recipes[best]

    def _best(self, indices: Sequence[int]) -> int | None:
        trials = {index: self.journal.trials[index] for index in indices}
        return self.goal.best(trials, self.exact) if trials else None

    @property
    def reached(self) -> bool:
        """Whether the best model reaches the goal."""
        return self.best is not None and self.goal.reached(self.journal.trials[self.best], self.exact)

    def profile(self) -> None:
        """Measure the float model."""
        model = self.bench.model
        with evaluating(model), torch.no_grad():
            self._begin(Trial(FLOAT, "the model as it is", {"float": True}), lambda: model, self._start)

    def attempt(
        self, step: str, name: str, recipe: Recipe, make: Callable[[], QuantizedModel],
        in_float: tuple[str, ...] = (), **settings: Any,
    ) -> Trial:  # fmt: skip
        """Make a model and measure it, unless the journal has it.

        Args:
            step, name: what it is called in the table.
            recipe: that it is made by.
            make: makes it.
            in_float: the layers that it keeps in float.
            settings: what else tells it from others, as plain data.

        Returns: what was measured; where the model cannot be made, why.

        Raises:
            BudgetSpentError: the time is up.
            EvaluationError: `evaluate` has failed.
        """
        known = {"recipe": recipe.described(), "in_float": list(in_float), **settings}
        return self._begin(Trial(step, name, known, in_float=in_float), make, recipe)

    def failed(self, step: str, name: str, recipe: Recipe, why: str) -> None:
        """Say in the table that a step could do nothing, and why."""
        settings = {"recipe": recipe.described(), "step": step}
        index = self.journal.find(settings)
        self.recipes[index] = recipe
        self._put(index, Trial(step, name, settings, failure=why))

    def _begin(self, trial: Trial, make: Callable[[], Any], recipe: Recipe) -> Trial:
        index = self.journal.find(trial.settings)
        if index in self.tried:
            trial = self.journal.trials[index]
        elif index < len(self.journal.trials):
            trial = replace(self.journal.trials[index], step=trial.step, name=trial.name)
        self.recipes[index], self._makes[index] = recipe, make
        if trial.measured:
            return self._put(index, trial)
        first = len(self.tried) < 2  # the float model and one other are always measured: there is always an answer
        if not first:
            self._clock.check()
        self._clock.active, start = not first, time.monotonic()
        try:
            model = make() if trial.step == FLOAT else self._model(index, trial)
        except (OctavoError, ValueError) as error:
            if first:
                raise
            return self._put(index, replace(trial, failure=str(error), seconds=time.monotonic() - start))
        made = trial if trial.step == FLOAT else self.journal.trials[index]
        self._put(index, self._meter.measured(made, model, time.monotonic() - start))
        self._forget_worse()
        return self.journal.trials[index]

    def _put(self, index: int, trial: Trial) -> Trial:
        """Keep what is known of a trial, which was made then, or found in the journal."""
        if index not in self.tried:
            self.tried.append(index)
        if trial.measured and index not in self._shown:
            self._shown.add(index)
            self._told(row_of(trial), OVER, None)
        if self.journal.trials[index : index + 1] != [trial]:
            self.journal.put(index, trial)
        return trial

    def _forget_worse(self) -> None:
        """Keep the program of the best model alone."""
        best = self.best
        for index in self.tried[1:]:
            trial = self.journal.trials[index]
            if index != best and trial.file and trial.measured:
                self._put(index, replace(trial, file=""))
                self.journal.drop(trial.file)

    def model(self, index: int) -> QuantizedModel:
        """Return the model of a trial, made again where its program is gone."""
        return self._model(index, self.journal.trials[index])

    def _model(self, index: int, trial: Trial) -> QuantizedModel:
        """Make a model and keep its program, or load what was kept: no model stays while the next one is made."""
        program = self.journal.program(trial)
        if program is not None:
            return self.bench.of_program(program, trial.layers, self.recipes[index])
        model = self._makes[index]()
        self._put(index, replace(trial, layers=model.layers, file=self.journal.keep(index, model.program)))
        return model
