"""Check what the contenders compute on one input, then time them on it."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from benchmarks.harness import ForeignLoad, Timing, interleave, sqnr
from benchmarks.peers import Run, Sample
from benchmarks.quiet import quiet

CONTEXT = frozenset({"float", "openvino float"})
"""Contenders that are timed for context and are no int8 peer."""
OWN = "octavo"
"""What the names of this engine's contenders begin with."""


@dataclass
class Measurement:
    """What was found on one network with one input and one number of threads.

    `sqnr` and `timing` go by the name of the contender; `cannot` says of those that were not timed why.
    """

    name: str
    threads: int
    macs: int = 0
    sqnr: dict[str, float] = field(default_factory=dict)
    timing: dict[str, Timing] = field(default_factory=dict)
    cannot: dict[str, str] = field(default_factory=dict)
    own_digests: dict[str, str] = field(default_factory=dict)  # of the outputs of this engine's contenders
    foreign_cpus: float = 0.0  # CPUs' worth of work that other processes did meanwhile

    def fastest_peer(self, prefix: str = "") -> str | None:
        """Return the int8 peer with the lowest median, of those whose name starts with `prefix`; None without any."""
        peers = [n for n in self.timing if n not in CONTEXT and not n.startswith(OWN) and n.startswith(prefix)]
        return min(peers, key=lambda name: self.timing[name].median, default=None)

    def ratio(self, own: str = OWN, prefix: str = "", minima: bool = False) -> float | None:
        """Return the time of `own` over that of the fastest peer; below 1 this engine is the faster one.

        Args:
            own: the contender of this engine.
            prefix: what the names of the peers that count begin with.
            minima: compare the shortest runs, which other processes disturb least, in place of the medians.
        """
        if own not in self.timing or self.fastest_peer(prefix) is None:
            return None
        times = {name: timing.minimum if minima else timing.median for name, timing in self.timing.items()}
        peers = [n for n in times if n not in CONTEXT and not n.startswith(OWN) and n.startswith(prefix)]
        return times[own] / min(times[name] for name in peers)

    def speedup(self, own: str = OWN) -> float | None:
        """Return the time of the fastest float contender over that of `own`; None without either."""
        floats = [timing.median for name, timing in self.timing.items() if name in CONTEXT]
        return min(floats) / self.timing[own].median if floats and own in self.timing else None

    def gmacs(self, name: str) -> float:
        """Return the multiply-accumulates a second of a contender in GMAC/s."""
        return self.macs / self.timing[name].median / 1e6

    def as_json(self) -> dict[str, object]:
        """Return everything as JSON values, with the ratio and the rates."""
        rates = {"gmacs": {name: self.gmacs(name) for name in self.timing}} if self.macs else {}
        own = next((name for name in self.timing if name.startswith(OWN)), OWN)
        return {**asdict(self), "ratio": self.ratio(own), "speedup": self.speedup(own), **rates}


def measure(
    result: Measurement,
    runs: Mapping[str, Run],
    samples: Sequence[Sample],
    expected: np.ndarray,
    lowest_sqnr: float,
    rounds: int,
    turn: float,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Compare the outputs on all samples with the float module's, time the runs on the first sample, fill in `result`.

    A peer below `lowest_sqnr` dB does not compute the network and is not timed.

    Raises RuntimeError where this engine is below it.
    """
    timed = {}
    for name, run in runs.items():
        progress(f"{result.name}: checking {name}")
        with quiet():
            output = np.concatenate([np.asarray(run(sample)).reshape(-1) for sample in samples])
        ratio = sqnr(expected, output)
        result.sqnr[name] = ratio
        if ratio >= lowest_sqnr:
            timed[name] = run
        else:
            result.cannot[name] = f"SQNR {ratio:.1f} dB against float, expected at least {lowest_sqnr:g}; not timed"
        if name.startswith(OWN):
            result.own_digests[name] = hashlib.sha256(output.tobytes()).hexdigest()
            if name in result.cannot:
                raise RuntimeError(f"{result.name}: {name}: {result.cannot[name]}")
    progress(f"{result.name}: timing with {result.threads} thread{'s' if result.threads > 1 else ''}")
    with ForeignLoad() as load:
        result.timing = interleave(timed, samples[0], rounds, turn)
    result.foreign_cpus = load.cpus
