"""Choose the layers that stay in float: the least that keeps an accuracy, or the best within a latency or a size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from octavo.algorithms.noise_sources import RoundedValue
from octavo.program import OctavoError

# What a choice of equal cost is preferred by: the share of the whole that all of the noise is worth.
_TIE = 1e-6
_SECONDS = 20.0


class SolverError(OctavoError, RuntimeError):
    """The solver is not installed, or has found nothing."""


@dataclass(frozen=True)
class Costs:
    """What keeping layers in float costs, in one unit: layers, milliseconds or bytes.

    Args:
        layers: layer to what it costs more in float than in int8; may be negative where float is faster.
        borders: value to what converting it costs where one side has it in 8 bits and another in float32.
    """

    layers: Mapping[str, float]
    borders: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Choices:
    """The layers that may stay in float, and what each rounding costs.

    Args:
        weights: layer to the noise of its weights in 8 bits.
        values: the values in 8 bits.
        noise: value to the noise of it in 8 bits.
        following: int8 node that is no such layer to its int8 neighbours: it runs in float where all of them do, and
            one that has none always runs in int8.
    """

    weights: Mapping[str, float]
    values: tuple[RoundedValue, ...]
    noise: Mapping[str, float]
    following: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def noise_of(self, in_float: frozenset[str]) -> float:
        """Return the noise that is left with some layers in float: what the solver's model foretells."""
        floats = self.floating(in_float)
        weights = sum(noise for name, noise in self.weights.items() if name not in floats)
        return weights + sum(self.noise[v.name] for v in self.values if _is_rounded(v, floats))

    def floating(self, in_float: frozenset[str]) -> frozenset[str]:
        """Return all nodes that run in float where these layers do."""
        floats = set(in_float) | {name for name, around in self.following.items() if around}
        while wrong := [n for n in floats - in_float if any(m not in floats for m in self.following[n])]:
            floats.difference_update(wrong)
        return frozenset(floats)


def choose_float(
    choices: Choices, costs: Costs, most_noise: float | None = None, most_cost: float | None = None
) -> frozenset[str] | None:
    """Choose the layers that stay in float.

    With `most_noise` the cost is made least, with `most_cost` the noise. A value is rounded where an int8 node reads it
    or where its maker cannot but round it, so layers are not chosen one by one: a layer in float between two in int8
    saves its weights' rounding and perhaps its input's. That is a mixed-integer linear program with a variable for each
    layer, node and value; it is solved to optimality by HiGHS (`scipy.optimize.milp`).

    Args:
        choices: of the network.
        costs: of each layer in float.
        most_noise: what may be left.
        most_cost: what may be spent; give one of both.

    Returns: names of the layers; None where nothing fulfils what is wanted.

    Raises:
        SolverError: SciPy is not installed, or the solver gives up.
    """
    if (most_noise is None) == (most_cost is None):
        raise ValueError("choose_float: expected one of most_noise and most_cost")
    program = _Program(choices, costs)
    if most_noise is not None:
        tie = _TIE * max(map(abs, costs.layers.values()), default=1.0) / max(program.total, 1e-300)
        return program.least(program.cost + tie * program.noise, program.noise, most_noise - program.fixed)
    return program.least(program.noise, program.cost, most_cost or 0.0)


def _is_rounded(value: RoundedValue, floats: frozenset[str]) -> bool:
    return any(reader not in floats for reader in value.readers) or (
        value.maker is not None and value.maker not in floats
    )


class _Program:
    """Variables: is a layer, or another int8 node, in float; is a value rounded; is it converted at a border."""

    def __init__(self, choices: Choices, costs: Costs) -> None:
        self._layers = list(choices.weights)
        others = [name for name, around in choices.following.items() if around]
        borders = [v for v in choices.values if costs.borders.get(v.name, 0.0) > 0]
        names = [*self._layers, *others, *(f"8 bits {v.name}" for v in choices.values)]
        names += [f"border {v.name}" for v in borders]
        self._index = {name: index for index, name in enumerate(names)}
        self._rows: list[dict[str, float]] = []  # Σ coefficient · variable ≥ bound
        self._bounds: list[float] = []
        for name in others:
            for around in choices.following[name]:
                self._at_least({around: 1.0, name: -1.0}, 0.0)
        for value in choices.values:
            for node in {*value.readers, *filter(None, [value.maker])}:
                self._at_least({f"8 bits {value.name}": 1.0, node: 1.0}, 1.0)
        for value in borders:
            for node in {*value.readers, *filter(None, [value.maker])}:
                self._at_least({f"border {value.name}": 1.0, f"8 bits {value.name}": -1.0, node: -1.0}, -1.0)
        self.cost, self.noise = np.zeros(len(names)), np.zeros(len(names))
        for name in self._layers:
            self.cost[self._index[name]] = costs.layers[name]
            self.noise[self._index[name]] = -choices.weights[name]
        for value in choices.values:
            self.noise[self._index[f"8 bits {value.name}"]] = choices.noise[value.name]
        for value in borders:
            self.cost[self._index[f"border {value.name}"]] = costs.borders[value.name]
        self.fixed = sum(choices.weights.values())
        self.total = self.fixed + sum(choices.noise[v.name] for v in choices.values)

    def _at_least(self, terms: Mapping[str, float], bound: float) -> None:
        """Add a rule; a node that has no variable always runs in int8, so that its variable is 0."""
        known = {name: factor for name, factor in terms.items() if name in self._index}
        self._rows.append(known)
        self._bounds.append(bound)

    def least(self, objective: np.ndarray, limited: np.ndarray, limit: float) -> frozenset[str] | None:
        """Make one sum least while another is at most a limit."""
        optimize = _scipy_optimize()
        matrix = np.zeros((len(self._rows) + 1, len(self._index)))
        for row, terms in zip(matrix, self._rows, strict=False):
            for name, factor in terms.items():
                row[self._index[name]] = factor
        scale = max(float(np.abs(limited).max(initial=0.0)), abs(limit), 1e-300)  # tolerances are absolute
        matrix[-1] = -limited / scale
        rules = optimize.LinearConstraint(matrix, np.array([*self._bounds, -limit / scale]), np.inf)
        size = float(np.abs(objective).max(initial=0.0)) or 1.0
        found = optimize.milp(
            objective / size, integrality=np.ones(len(objective)), bounds=optimize.Bounds(0, 1), constraints=rules,
            options={"time_limit": _SECONDS},
        )  # fmt: skip
        if found.status == 2:
            return None
        if found.x is None:
            raise SolverError(f"mixed precision: the solver has found nothing ({found.message})")
        return frozenset(name for name in self._layers if found.x[self._index[name]] > 0.5)


def _scipy_optimize() -> Any:
    try:
        from scipy import optimize
    except ModuleNotFoundError as error:
        raise SolverError(
            "mixed precision: SciPy is not installed, whose solver chooses the layers: pip install 'octavo[tune]'"
        ) from error
    return optimize
