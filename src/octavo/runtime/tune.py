"""Tuning: time the ways to build each operator inside the network, and choose.

Every way gives the same bits. A candidate is timed where it will run, between its neighbours, with the caches as they
leave them: the network is built once for each candidate, with that candidate in every operator that has one, and these
networks take turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from octavo.program import Program
from octavo.runtime.network import build_network
from octavo.runtime.plans import Plan, Plans

LEAST_GAIN = 0.03
"""What a candidate must be faster by, as a part of the operator's time: less is not told from noise."""
LEAST_WHOLE_GAIN = 0.005
"""What the network must be faster by for all that is chosen together: as a whole, and by the sum of what its operators
gain. One network built twice differs by more than its choices may, as memory lies elsewhere."""
_SCREENING, _CONFIRMING = 0.5, 0.25  # parts of the time; the rest is for the network as a whole


@dataclass(frozen=True)
class Choice:
    """What was found for an operator: its fastest variant, and what it takes beside the engine's own choice."""

    name: str
    variant: str
    before_us: float
    after_us: float


@dataclass(frozen=True)
class Tuning:
    """What tuning has found.

    Args:
        choices: operators for which another variant than the engine's own is faster.
        tried: how many operators have variants.
        before_ms, after_ms: a run of the network, medians of runs in turns.
        kept: whether the network is faster for it by `LEAST_WHOLE_GAIN`; else nothing is chosen.
    """

    choices: tuple[Choice, ...]
    tried: int
    before_ms: float
    after_ms: float
    kept: bool

    @property
    def variants(self) -> dict[str, str]:
        """Operator name to variant, as `LoadedProgram` takes them."""
        return {choice.name: choice.variant for choice in self.choices} if self.kept else {}


def tune(
    program: Program, arrays: Sequence[np.ndarray], threads: int, isa: str, seconds: float = 10.0,
    progress: Callable[[str], None] = lambda _: None,
) -> Tuning:  # fmt: skip
    """Find the fastest variant of each operator for these inputs.

    Args:
        program: with its constants.
        arrays: its inputs, in order.
        threads: how many a run uses.
        isa: the instruction set.
        seconds: about how long it takes, beside building the networks.
        progress: is told what is being done.

    Raises:
        RuntimeError: a variant gives other bits, which is a defect of the engine.
    """
    bench = _Bench(program, list(arrays), threads, isa)
    own = bench.build({})
    variants = {name: found for name, found in own.plan.native.variants(threads) if found}
    contenders = [own]
    for rank in range(max(map(len, variants.values()), default=0)):
        progress(f"building candidate {rank + 1}")
        contenders.append(bench.build({name: found[rank] for name, found in variants.items() if rank < len(found)}))
    progress(f"timing {len(contenders)} candidates of {len(variants)} operators")
    times = bench.screen(contenders, seconds * _SCREENING)
    found = {choice.name: choice.variant for choice in _choices(variants, times)}
    contenders = [own, bench.build(found)]
    progress(f"timing {len(found)} choices again")  # the best of many is in part the luckiest
    again = bench.screen(contenders, seconds * _CONFIRMING) if found else times
    choices = tuple(_choices({name: [variant] for name, variant in found.items()}, again))
    if not choices:
        return Tuning((), len(variants), again[0][""] / 1e3, again[0][""] / 1e3, False)
    own_us = again[0][""]
    if sum(choice.before_us - choice.after_us for choice in choices) < LEAST_WHOLE_GAIN * own_us:
        return Tuning(choices, len(variants), own_us / 1e3, own_us / 1e3, False)
    chosen = bench.build({choice.name: choice.variant for choice in choices})
    progress("comparing the network with what it was")
    before, after = bench.compare(own, chosen, seconds * (1 - _SCREENING - _CONFIRMING))
    return Tuning(choices, len(variants), before / 1e3, after / 1e3, after < before * (1 - LEAST_WHOLE_GAIN))


def _choices(variants: Mapping[str, Sequence[str]], times: Sequence[Mapping[str, float]]) -> list[Choice]:
    choices = []
    for name, found in variants.items():
        taken = [of[name] for of in times[1 : len(found) + 1]]
        best = min(range(len(found)), key=taken.__getitem__)
        if taken[best] < times[0][name] * (1 - LEAST_GAIN):
            choices.append(Choice(name, found[best], times[0][name], taken[best]))
    return choices


@dataclass
class _Contender:
    plan: Plan
    outputs: list[np.ndarray]


class _Bench:
    """Builds the network in different ways and times them in turns."""

    def __init__(self, program: Program, arrays: list[np.ndarray], threads: int, isa: str) -> None:
        self._program, self._arrays, self._threads, self._isa = program, arrays, threads, isa
        self._expected: list[bytes] | None = None

    def build(self, variants: Mapping[str, str]) -> _Contender:
        network: Any = build_network(self._program, self._isa, variants=variants)
        plan = Plans(self._program, network).find(tuple(array.shape for array in self._arrays))
        made = _Contender(plan, plan.empty())
        plan.native.run(self._arrays, made.outputs, self._threads)
        bits = [output.tobytes() for output in made.outputs]
        if self._expected is None:
            self._expected = bits
        if bits != self._expected:
            names = ", ".join(f"{name}: {variant}" for name, variant in variants.items())
            raise RuntimeError(f"the outputs change with how operators are built ({names}); expected the same bits")
        return made

    def screen(self, contenders: Sequence[_Contender], seconds: float) -> list[dict[str, float]]:
        """Return for each contender the least microseconds of each operator, what is copied for it included; those of
        the whole run under "".

        The least, because what disturbs a run only ever adds to it.
        """
        least: list[dict[str, float]] = [{} for _ in contenders]
        start = time.perf_counter()
        turn = 0
        while turn < 3 or time.perf_counter() - start < seconds:
            for step in range(len(contenders)):
                at = (turn + step) % len(contenders)
                for name, taken in self._profile(contenders[at]).items():
                    least[at][name] = min(taken, least[at].get(name, taken))
            turn += 1
        return least

    def _profile(self, contender: _Contender) -> dict[str, float]:
        spent = {"": 0.0}
        for _, name, nanoseconds in contender.plan.native.profile(self._arrays, contender.outputs, self._threads, 1):
            spent[name] = spent.get(name, 0.0) + nanoseconds / 1e3
            spent[""] += nanoseconds / 1e3
        return spent

    def compare(self, before: _Contender, after: _Contender, seconds: float) -> tuple[float, float]:
        """Return the median microseconds of a run of each, in pairs of runs whose order alternates.

        The median of the pairs' ratios decides: what the machine does meanwhile falls on both of a pair.
        """
        times: list[tuple[float, float]] = []
        start = time.perf_counter()
        while len(times) < 3 or time.perf_counter() - start < seconds:
            pair = (before, after) if len(times) % 2 else (after, before)
            taken = [self._time(contender) for contender in pair]
            times.append((taken[0], taken[1]) if pair[0] is before else (taken[1], taken[0]))
        middle = median(first for first, _ in times)
        return middle, middle * median(second / first for first, second in times)

    def _time(self, contender: _Contender) -> float:
        clock = time.thread_time if self._threads == 1 else time.perf_counter  # the former leaves out other processes
        start = clock()
        contender.plan.native.run(self._arrays, contender.outputs, self._threads)
        return (clock() - start) * 1e6
