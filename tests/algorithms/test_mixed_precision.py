"""The choice of layers in float, against trying every set."""

from __future__ import annotations

import sys
from itertools import chain, combinations

import numpy as np
import pytest

from octavo.algorithms import Choices, Costs, SolverError, choose_float
from octavo.algorithms.noise_sources import RoundedValue


def _network(seed: int, layers: int) -> tuple[Choices, Costs]:
    """Make a chain with shortcuts: sums that round their output, and pools that follow their neighbours."""
    random = np.random.default_rng(seed)
    names = [f"layer{i}" for i in range(layers)]
    values, following = [RoundedValue("input", (names[0],), None, False, False)], {}
    for i, name in enumerate(names[:-1]):
        kind = random.integers(3)
        if kind == 2:  # a pool between two layers
            following[f"pool{i}"] = (name, names[i + 1])
            values.append(RoundedValue(f"value{i}", (f"pool{i}",), None, True, False))
            values.append(RoundedValue(f"pooled{i}", (names[i + 1],), f"pool{i}", True, False))
        else:  # read by the next and perhaps by the one after it; the maker of a sum rounds it anyway
            readers = names[i + 1 : i + 2 + int(random.integers(2))]
            values.append(RoundedValue(f"value{i}", tuple(readers), name if kind else None, True, False))
    draw = random.lognormal(size=3 * layers + len(values))
    weights = dict(zip(names, draw.tolist(), strict=False))
    noise = {value.name: float(x) for value, x in zip(values, draw[layers:], strict=False)}
    costs = Costs(dict(zip(names, draw[::-1].tolist(), strict=False)))
    return Choices(weights, tuple(values), noise, following), costs


def _subsets(choices: Choices) -> list[frozenset[str]]:
    names = list(choices.weights)
    return [frozenset(s) for s in chain.from_iterable(combinations(names, k) for k in range(len(names) + 1))]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.8, 0.4, 0.1])
def test_against_every_set(seed, share):
    choices, costs = _network(seed, 4 + seed)
    total = choices.noise_of(frozenset())
    cost = {s: sum(costs.layers[name] for name in s) for s in _subsets(choices)}
    fits = [s for s in cost if choices.noise_of(s) <= share * total]
    found = choose_float(choices, costs, most_noise=share * total)
    assert found is not None and choices.noise_of(found) <= share * total * (1 + 1e-6)
    assert cost[found] == pytest.approx(min(cost[s] for s in fits), rel=1e-5)  # the solver's own tolerance
    most = share * sum(costs.layers.values())
    best = choose_float(choices, costs, most_cost=most)
    least = min(choices.noise_of(s) for s in cost if cost[s] <= most)
    assert best is not None and cost[best] <= most * (1 + 1e-6)
    assert choices.noise_of(best) == pytest.approx(least, rel=1e-5)


def test_converting_at_a_border_costs():
    names = ("a", "b", "c")
    values = (
        RoundedValue("x", ("a",), None, False, False),
        RoundedValue("ab", ("b",), None, True, False),
        RoundedValue("bc", ("c",), "b", True, False),
    )
    choices = Choices({"a": 1.0, "b": 5.0, "c": 1.0}, values, {"x": 0.0, "ab": 0.0, "bc": 0.0})
    free = choose_float(choices, Costs(dict.fromkeys(names, 1.0)), most_noise=2.0)
    assert free == {"b"}
    # With b in float c has to quantize what it reads, which is dearer than to have c in float as well.
    dear = choose_float(choices, Costs(dict.fromkeys(names, 1.0), {"bc": 9.0}), most_noise=2.0)
    assert dear == {"b", "c"}


def test_what_cannot_be():
    value = RoundedValue("v", ("pool",), "pool", True, False)
    choices = Choices({"a": 1.0}, (value,), {"v": 1.0}, {"pool": ()})
    costs = Costs({"a": 1.0})
    assert choose_float(choices, costs, most_noise=0.5) is None
    assert choose_float(choices, costs, most_noise=1.0) == {"a"}
    assert choose_float(choices, costs, most_noise=2.0) == frozenset()
    with pytest.raises(ValueError, match="one of most_noise and most_cost"):
        choose_float(choices, costs)


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(SolverError, match=r"SciPy is not installed.*octavo\[tune\]"):
        choose_float(Choices({"a": 1.0}, (), {}), Costs({"a": 1.0}), most_noise=0.5)
