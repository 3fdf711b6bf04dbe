"""BERT-base and an LSTM of two layers with random weights: SQNR of the output, over several inputs."""

from pathlib import Path

import numpy as np

from benchmarks.harness import sqnr
from benchmarks.peers import Run, Sample
from benchmarks.sequence import networks, sentence_encoder
from benchmarks.sequence.accuracy.task import Score, Task

NAMES = {"BERT-base": "bert-base", "LSTM 512": "lstm"}
_INPUTS = 4


def task(name: str) -> Task:
    """Return the task on one of NAMES; half its samples calibrate, the others are compared."""
    entry = networks.NETWORKS[NAMES[name]]
    network = entry.build()
    unseen = [*network.cases[""], *network.calibration[: _INPUTS - 1]]
    sources = [Path(networks.__file__), Path(sentence_encoder.__file__)]
    contenders = [name for name in entry.contenders if name not in ("float", "torch.ao onednn")]  # as that of fbgemm
    return Task(
        name, network.model, network.calibration[_INPUTS:], contenders, lambda run: _scorer(run, unseen), sources
    )


def _scorer(float_run: Run, samples: list[Sample]) -> Score:
    def outputs(run: Run) -> np.ndarray:
        return np.stack([np.asarray(run(sample)) for sample in samples])

    reference = outputs(float_run).copy()
    return lambda run: {"SQNR dB": sqnr(reference, outputs(run))}
