"""Where a run's time goes: what each operator costs, and how near to the machine's peak it multiplies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from octavo.program import Operator, Program, bind_symbols, infer_shapes
from octavo.report.macs import RECURRENT, macs
from octavo.runtime import LoadedProgram
from octavo.runtime.operator_times import operator_times
from octavo.runtime.peak import int8_peak

DYNAMIC = ("dynamic_linear", "dynamic_matmul", "dynamic_attention", *RECURRENT)
"""Operators that multiply integers whatever they are given."""


@dataclass(frozen=True)
class Cost:
    """What an operator costs in a run, or all operators of a kind.

    Args:
        kind: an operator type, of convolutions with the window (`conv 3×3 depthwise`); `copy` and `fill_halo` are what
            the engine adds to bring values where they are read.
        name: of the operator, "" for all of a kind.
        shape: of its first output.
        operators: how many there are.
        microseconds: of one run.
        share: of the run, 0 to 1.
        macs: multiply-accumulates, 0 for what does not multiply.
        peak: GMAC/s that the machine's multiply instructions reach; None where it multiplies in float or not at all.
    """

    kind: str
    name: str
    shape: tuple[int, ...]
    operators: int
    microseconds: float
    share: float
    macs: int = 0
    peak: float | None = None

    @property
    def gmacs(self) -> float | None:
        """Multiply-accumulates a second in GMAC/s; None for what does not multiply."""
        return self.macs / self.microseconds / 1e3 if self.macs and self.microseconds else None

    @property
    def peak_share(self) -> float | None:
        """The rate as a part of the peak; an algorithm with fewer products may exceed 1."""
        return self.gmacs / self.peak if self.gmacs and self.peak else None

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {**asdict(self), "gmacs": self.gmacs, "peak_share": self.peak_share}


@dataclass(frozen=True)
class Profile:
    """What the operators of a program cost, in order of execution, and where it was measured."""

    operators: tuple[Cost, ...]
    threads: int
    isa: str
    peak: float
    inputs: dict[str, tuple[int, ...]]

    @property
    def microseconds(self) -> float:
        """What one run takes: the sum of its operators."""
        return sum(cost.microseconds for cost in self.operators)

    def kinds(self) -> list[Cost]:
        """Return what the operators of each kind cost together, the dearest first."""
        grouped: dict[str, list[Cost]] = {}
        for cost in self.operators:
            grouped.setdefault(cost.kind, []).append(cost)
        return sorted((_together(kind, costs) for kind, costs in grouped.items()), key=lambda c: -c.microseconds)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "threads": self.threads, "isa": self.isa, "int8_peak_gmacs": self.peak, "inputs": self.inputs,
            "microseconds": self.microseconds, "kinds": [cost.as_json() for cost in self.kinds()],
            "operators": [cost.as_json() for cost in self.operators],
        }  # fmt: skip


def profile(loaded: LoadedProgram, arrays: Sequence[np.ndarray], seconds: float = 2.0) -> Profile:
    """Measure what each operator costs: the median of many runs, so that a disturbed run does not count.

    Args:
        loaded: the program, with the threads that it runs on.
        arrays: its inputs, in order.
        seconds: about how long it takes.
    """
    program = loaded.program
    inputs = {given.name: array.shape for given, array in zip(program.inputs, arrays, strict=True)}
    shapes = infer_shapes(program, bind_symbols(program, inputs))
    counts = macs(program, shapes)
    peak = int8_peak(loaded.isa, loaded.threads)
    steps = operator_times(loaded, arrays, seconds)
    peak = max(peak, int8_peak(loaded.isa, loaded.threads))  # the machine may have been disturbed before, or now
    total = sum(steps.values())
    operators = {operator.name: operator for operator in program.operators}
    costs = []
    for (kind, name), taken in steps.items():
        operator = operators.get(name)
        shape = shapes[operator.outputs[0] if operator else program.outputs[0]]
        cost = Cost(kind, name, shape, 1, taken, taken / total)
        if operator and kind == operator.type and name in counts:
            in_int8 = program.values[operator.inputs[0]].is_quantized or kind in DYNAMIC
            cost = replace(cost, kind=_kind(operator, program), macs=counts[name], peak=peak if in_int8 else None)
        costs.append(cost)
    return Profile(tuple(costs), loaded.threads, loaded.isa, peak, inputs)


def _kind(operator: Operator, program: Program) -> str:
    if operator.type not in ("conv", "conv_transpose"):
        return operator.type
    weight = program.constants[operator.constants["weight"]].shape
    groups = operator.attributes["groups"]
    depthwise = groups > 1 and weight[0] == groups and weight[1] == 1
    words = ("depthwise",) if depthwise else ("grouped",) if groups > 1 else ()
    return " ".join((operator.type, "×".join(map(str, weight[2:])), *words))


def _together(kind: str, costs: Sequence[Cost]) -> Cost:
    """Add up; the peak counts where all that multiplies of the kind does so in integers."""
    peaks = {cost.peak for cost in costs if cost.macs}
    return Cost(
        kind, "", (), len(costs), sum(cost.microseconds for cost in costs), sum(cost.share for cost in costs),
        sum(cost.macs for cost in costs), peaks.pop() if len(peaks) == 1 else None,
    )  # fmt: skip
