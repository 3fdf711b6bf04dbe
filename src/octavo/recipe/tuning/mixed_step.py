"""The step that keeps some layers in float: as few as reach the goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from octavo.algorithms import Choices, Costs, LayerSensitivity, SolverError, choose_float, sensitivity
from octavo.algorithms.few_elements import few_elements
from octavo.algorithms.noise_sources import following
from octavo.algorithms.output_loss import Loss, squared_error
from octavo.recipe.recipe import Recipe, RecipeError
from octavo.recipe.tuning.climb import Climb
from octavo.recipe.tuning.float_costs import byte_costs, time_costs
from octavo.recipe.tuning.steps import Step
from octavo.recipe.tuning.trial import Trial
from octavo.recipe.tuning.workbench import Built

Cost = Literal["layers", "latency", "size"]

ELEMENTS = 12
"""How many elements of the calibration data sensitivity is measured on."""
_TRIALS, _PRUNED = 8, 6
_FINEST_DB = 0.05
# So many layers are named in the table.
_NAMED = 2


@dataclass(frozen=True)
class MixedPrecision(Step):
    """Keep the layers in float that cost least and save most, by sensitivity and a mixed-integer program.

    Sensitivity foretells the noise of every choice, and the solver gives the cheapest one for a wanted noise. That
    errors add is an approximation, so each choice is measured, and how much noise is wanted is searched for: the least
    that has to be saved for the goal to be reached; then layers that turn out not to be needed go back to int8. Where a
    latency or a size is the limit, the choice of least noise within it is measured, and the next one is closer to the
    limit by what was missed.

    Layers stay in float32: a program has no activations of 16 bits.

    Args:
        cost: what is spent on a layer in float: "layers" counts them, "latency" takes the milliseconds that it is
            slower than in int8, both measured by the engine's profile, "size" the bytes of its weights.
        loss: what sensitivity is measured in, see `octavo.algorithms.output_loss`; of a classifier `kl_divergence` may
            say more.
    """

    cost: Cost = "layers"
    loss: Loss = squared_error
    name: str = "mixed precision"

    def __post_init__(self) -> None:
        if self.cost not in get_args(Cost):
            raise RecipeError(f"cost: got {self.cost!r}, expected one of {', '.join(map(repr, get_args(Cost)))}")

    def run(self, climb: Climb) -> None:
        """Search the least choice that reaches the goal, from the best model that is all in int8."""
        recipe = climb.int8_recipe
        if recipe in climb.searched:
            return
        climb.searched.add(recipe)
        built = climb.bench.built(recipe)
        search = _Search(self, climb, recipe, built)
        try:
            if climb.goal.max_milliseconds is not None or climb.goal.max_bytes is not None:
                search.within_limits()
            else:
                search.least()
                search.prune()
        except SolverError as error:
            climb.failed(self.name, "solver", recipe, str(error))


class _Search:
    def __init__(self, step: MixedPrecision, climb: Climb, recipe: Recipe, built: Built) -> None:
        self._step, self._climb, self._recipe, self._built = step, climb, recipe, built
        bench = climb.bench
        samples = few_elements(built.exact.graph, bench.bound(), ELEMENTS)
        done = 0

        def count() -> None:
            nonlocal done
            done += 1
            bench.told("measuring sensitivity", done, len(samples))

        self._found = sensitivity(built.exact, built.rounded, samples, step.loss, count)
        climb.sensitivity = tuple(self._found.layers())
        found = self._found
        self._choices = Choices(found.weights, found.rounded, found.values, following(built.exact))
        self._noise = self._choices.noise_of(frozenset())
        self._tried: dict[frozenset[str], Trial] = {}

    def least(self) -> None:
        """Find the cheapest choice that reaches the goal: search the gain in dB that it takes."""
        climb, costs = self._climb, self._costs(self._step.cost)
        low, low_set, gain = 0.0, frozenset[str](), self._first_gain()
        high: float | None = None
        high_set: frozenset[str] | None = None
        for _ in range(3 * _TRIALS):
            chosen = choose_float(self._choices, costs, most_noise=self._noise * 10 ** (-gain / 10))
            if chosen is None:
                if high is not None or low >= gain - _FINEST_DB:
                    return
                gain = (low + gain) / 2
                continue
            trial = self._measured(chosen)
            if climb.goal.reached(trial, climb.exact):
                high, high_set = gain, chosen
            else:
                low, low_set = gain, chosen
            if len(self._tried) >= _TRIALS or (high is not None and high - low < _FINEST_DB):
                return
            if high_set is not None and (len(high_set) == 1 or len(high_set) - len(low_set) == 1 == self._unit):
                return
            gain = self._next_gain(trial, low, high)

    def prune(self) -> None:
        """Take layers of the smallest choice that reaches the goal back to int8, those first that save least."""
        climb = self._climb
        reached = [chosen for chosen, trial in self._tried.items() if climb.goal.reached(trial, climb.exact)]
        kept = min(reached, key=len, default=frozenset[str]())
        for name in sorted(kept, key=lambda name: (self._choices.noise_of(kept - {name}), name))[:_PRUNED]:
            fewer = kept - {name}
            if fewer and climb.goal.reached(self._measured(fewer), climb.exact):
                kept = fewer

    def within_limits(self) -> None:
        """Find the best choice within a latency or a size: search what may be spent."""
        goal = self._climb.goal
        unit: Cost = "latency" if goal.max_milliseconds is not None else "size"
        limit = goal.max_milliseconds if goal.max_milliseconds is not None else goal.max_bytes
        costs = self._costs(unit)
        base = self._measured(frozenset())

        def missing(trial: Trial) -> float:
            return (limit or 0.0) - float((trial.milliseconds if unit == "latency" else trial.bytes) or 0.0)

        budget = missing(base)
        for _ in range(_TRIALS):
            if budget < 0:
                return
            chosen = choose_float(self._choices, costs, most_cost=budget)
            if not chosen or chosen in self._tried:
                return
            trial = self._measured(chosen)
            if goal.fits(trial):
                return
            budget -= max(-missing(trial), 0.02 * budget)

    @property
    def _unit(self) -> int:
        """1 where layers are counted, so that there is nothing between n and n + 1 of them."""
        return 1 if self._step.cost == "layers" else 0

    def _costs(self, cost: Cost) -> Costs:
        names = list(self._choices.weights)
        if cost == "layers":
            return Costs(dict.fromkeys(names, 1.0))
        if cost == "size":
            return byte_costs(self._built, names)
        self._climb.bench.told("timing layers", 0, None)
        return time_costs(self._climb.bench, self._built, names)

    def _first_gain(self) -> float:
        wanted, best = self._climb.goal.sqnr, self._climb.best
        got = None if best is None else self._climb.journal.trials[best].sure_db
        return 1.0 if wanted is None or got is None else max(wanted - got, 0.1)

    def _next_gain(self, trial: Trial, low: float, high: float | None) -> float:
        """Return the gain to try next: by what is missing where that is known in dB, else by halves or doubles."""
        wanted, got = self._climb.goal.sqnr, trial.sure_db
        if high is None:
            missing = wanted - got if wanted is not None and got is not None else 0.0
            return low + max(missing, 0.2) if wanted is not None else 2 * low
        return (low + high) / 2

    def _measured(self, chosen: frozenset[str]) -> Trial:
        if chosen not in self._tried:
            alone = {layer.name: layer for layer in self._climb.sensitivity}
            reasons = {name: f"kept in float by tuning: {_cost_of(alone[name])}" for name in sorted(chosen)}
            named = f": {', '.join(sorted(chosen))}" if 0 < len(chosen) <= _NAMED else ""
            count = f"{len(chosen)} layer{'s' if len(chosen) != 1 else ''} in float{named}"
            bench, recipe = self._climb.bench, self._recipe
            self._tried[chosen] = self._climb.attempt(
                self._step.name, count, recipe, lambda: bench.with_floats(recipe, reasons), tuple(sorted(chosen))
            )
        return self._tried[chosen]


def _cost_of(layer: LayerSensitivity) -> str:
    if layer.sqnr_db is None:
        return f"in 8 bits it alone has a loss of {layer.loss:.3g}"
    return f"in 8 bits it alone has {layer.sqnr_db:.1f} dB"
