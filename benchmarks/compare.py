"""Compare the contenders on one network: prepare, check the outputs, then time."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.environment import ROOT, version
from benchmarks.harness import pinned
from benchmarks.measurement import Measurement, measure
from benchmarks.peers import Run, Sample, UnableError, load_peer, tensors

_PACKAGES = ("torch", "torchvision", "transformers", "onnx", "onnxruntime", "openvino", "nncf")


@dataclass(frozen=True)
class Network:
    """What the contenders are compared on.

    Args:
        name: as the tables show it.
        model: a float module in eval mode with one output.
        calibration: samples that every engine calibrates on; sizes in which they differ stay open.
        cases: what is added to the name → the samples that outputs are compared on; the first of them is timed.
        macs: multiply-accumulates of one forward pass, 0 where nobody asks.
        sources: files whose text decides what `model` and `calibration` are.
        lowest_sqnr: dB below which a contender does not compute the network.
        turn: seconds that one turn of a contender aims at.
    """

    name: str
    model: nn.Module
    calibration: Sequence[Sample]
    cases: Mapping[str, Sequence[Sample]]
    macs: int = 0
    sources: Sequence[Path] = ()
    lowest_sqnr: float = 3.0
    turn: float = 0.15


def compare(
    network: Network,
    contenders: Sequence[str],
    threads: Sequence[int],
    rounds: int,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Measurement]:
    """Measure `contenders` (keys of PEERS) on each case of the network, once for each number of threads.

    Raises RuntimeError where this engine's output is not the network's, or changes with the number of threads although
    it promises not to.
    """
    sessions, cannot = _prepare(network, contenders, progress)
    expected = {case: float_outputs(network.model, samples) for case, samples in network.cases.items()}
    results = []
    # Most threads first: OpenVINO looks at the CPUs that it may use once a process, when its first model is compiled.
    for count in sorted(threads, reverse=True):
        with pinned(count):
            runs = {contender: session(count) for contender, session in sessions.items()}
            for case, samples in network.cases.items():
                result = Measurement(f"{network.name} {case}".rstrip(), count, network.macs, cannot=dict(cannot))
                measure(result, runs, samples, expected[case], network.lowest_sqnr, rounds, network.turn, progress)
                results.append(result)
            del runs  # ends the threads of these sessions
    _check_threads(results)
    order = [f"{network.name} {case}".rstrip() for case in network.cases]
    return sorted(results, key=lambda result: (result.threads, order.index(result.name)))


def float_outputs(model: nn.Module, samples: Sequence[Sample]) -> np.ndarray:
    """Run the float module over each sample; return the outputs one after the other, flat."""
    with torch.no_grad():
        return np.concatenate([model(*tensors(sample)).numpy().reshape(-1) for sample in samples])


def _prepare(
    network: Network, contenders: Sequence[str], progress: Callable[[str], None]
) -> tuple[dict[str, Callable[[int], Run]], dict[str, str]]:
    folder = cache_folder(network)
    sessions: dict[str, Callable[[int], Run]] = {}
    cannot: dict[str, str] = {}
    for contender in contenders:
        progress(f"{network.name}: quantizing with {contender}")
        try:
            sessions[contender] = load_peer(contender).prepare(network.model, network.calibration, folder)
        except UnableError as error:
            cannot[contender] = str(error)
    return sessions, cannot


def _check_threads(results: Sequence[Measurement]) -> None:
    digests: dict[tuple[str, str], str] = {}
    for result in results:
        for contender, digest in result.own_digests.items():
            if digests.setdefault((result.name, contender), digest) != digest:
                raise RuntimeError(f"{result.name}: the output of {contender} depends on the number of threads")


def cache_folder(network: Network) -> Path:
    """Peers' files depend on the network, on how this code builds and quantizes it, and on the peers' versions."""
    key = hashlib.sha256()
    for source in [*network.sources, *sorted((ROOT / "benchmarks" / "peers").glob("*.py"))]:
        key.update(source.read_bytes())
    for package in _PACKAGES:
        key.update(f"{package} {version(package)}\n".encode())
    return ROOT / "build" / "bench-cache" / f"{network.name.replace(' ', '-')}-{key.hexdigest()[:12]}"
