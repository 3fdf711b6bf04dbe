"""Compare the contenders on one network: prepare, check the outputs, then time."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.environment import ROOT, version
from benchmarks.harness import ForeignLoad, Timing, interleave, pinned, sqnr
from benchmarks.networks import models
from benchmarks.peers import Run, load_peer
from benchmarks.quiet import quiet

CONTEXT = frozenset({"float"})
"""Contenders that are timed for context and are no int8 peer."""
LOWEST_SQNR = 3.0
"""Below this a contender does not compute the network: half of what it answers is noise."""


@dataclass
class Comparison:
    """What was measured on one network with one number of threads."""

    network: str
    threads: int
    macs: int
    sqnr: dict[str, float] = field(default_factory=dict)
    timing: dict[str, Timing] = field(default_factory=dict)
    foreign_cpus: float = 0.0  # CPUs' worth of work that other processes did meanwhile

    def fastest_peer(self) -> str | None:
        """Return the int8 peer with the lowest median, None where only this engine was timed."""
        peers = self.timing.keys() - CONTEXT - {"octavo"}
        return min(peers, key=lambda name: self.timing[name].median, default=None)

    def ratio(self) -> float | None:
        """Return this engine's median over that of the fastest peer; below 1 this engine is the faster one."""
        peer = self.fastest_peer()
        if peer is None or "octavo" not in self.timing:
            return None
        return self.timing["octavo"].median / self.timing[peer].median

    def gmacs(self, name: str) -> float:
        """Return the multiply-accumulates a second of a contender in GMAC/s."""
        return self.macs / self.timing[name].median / 1e6


def compare(
    name: str,
    contenders: Sequence[str],
    threads: Sequence[int],
    rounds: int,
    statistics: models.Statistics = "random",
    progress: Callable[[str], None] = lambda _: None,
) -> list[Comparison]:
    """Measure `contenders` (keys of PEERS) on the network `name`, once for each number of threads.

    Raises RuntimeError where a contender's output is not the network's, or changes with the number of threads although
    it promises not to.
    """
    model = models.build(name, statistics)
    folder = _cache_folder(name, statistics)
    sessions: dict[str, Callable[[int], Run]] = {}
    for contender in contenders:
        progress(f"{name}: quantizing with {contender}")
        sessions[contender] = load_peer(contender).prepare(model, models.calibration_samples(name), folder)
    inputs = models.test_samples(name)
    reference = models.float_outputs(model, inputs)
    macs = models.count_macs(model, inputs[0])
    own: list[np.ndarray] = []
    results = []
    # Most threads first: OpenVINO looks at the CPUs that it may use once a process, when its first model is compiled.
    for count in sorted(threads, reverse=True):
        with pinned(count):
            result = Comparison(name, count, macs)
            runs = {contender: session(count) for contender, session in sessions.items()}
            for contender, run in runs.items():
                progress(f"{name}: checking {contender}")
                with quiet():
                    output = np.concatenate([run(x) for x in inputs])
                result.sqnr[contender] = _checked(f"{name}: {contender}", reference, output)
                if contender == "octavo":
                    own.append(output)
            progress(f"{name}: timing with {count} thread{'s' if count > 1 else ''}")
            with ForeignLoad() as load:
                result.timing = interleave(runs, inputs[0], rounds)
            result.foreign_cpus = load.cpus
            del runs  # ends the threads of these sessions
        results.append(result)
    if any(not np.array_equal(own[0], output) for output in own):
        raise RuntimeError(f"{name}: octavo's output depends on the number of threads ({list(threads)})")
    return sorted(results, key=lambda result: result.threads)


def _checked(what: str, reference: np.ndarray, output: np.ndarray) -> float:
    ratio = sqnr(reference, output)
    if not ratio >= LOWEST_SQNR:
        raise RuntimeError(f"{what}: SQNR {ratio:.1f} dB against float, expected at least {LOWEST_SQNR}; not timed")
    return ratio


def _cache_folder(name: str, statistics: str) -> Path:
    """Peers' files depend on the network, on how this code builds and quantizes it, and on the peers' versions."""
    key = hashlib.sha256()
    sources = [Path(models.__file__), *sorted((ROOT / "benchmarks" / "peers").glob("*.py"))]
    for source in sources:
        key.update(source.read_bytes())
    for package in ("torch", "torchvision", "onnx", "onnxruntime", "openvino", "nncf"):
        key.update(f"{package} {version(package)}\n".encode())
    return ROOT / "build" / "bench-cache" / f"{name}-{statistics}-{key.hexdigest()[:12]}"
