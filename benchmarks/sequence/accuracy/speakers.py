"""Resemblyzer's embeddings of spoken prompts: cosine to float, and whether the speaker can still be told.

A window belongs to the speaker whose centroid is nearest. The centroids are those of the contender's own embeddings of
other recordings: who replaces an encoder enrols its speakers anew. The windows of half the length are the harder task.
"""

from pathlib import Path

import numpy as np

from benchmarks.harness import sqnr
from benchmarks.peers import Run
from benchmarks.sequence import mel, recordings, speaker_encoder
from benchmarks.sequence.accuracy import scores
from benchmarks.sequence.accuracy.task import Score, Scores, Task
from benchmarks.sequence.speaker_encoder import WINDOW, SpeakerEncoder, windows

CONTENDERS = ("octavo dynamic", "octavo", "onnxruntime dynamic", "torch.ao fbgemm")
CALIBRATION, ENROLLED, COMPARED = 32, 32, 150
"""Windows of each speaker, for calibration, for the centroids and for the scores; no two share a recording."""


def task(share: float = 1.0) -> Task:
    """Return the task on `share` of the windows that are compared.

    Raises MissingDataError where the recordings, MissingPackageError where the network is not there.
    """
    counts = (CALIBRATION, ENROLLED, int(share * COMPARED))
    calibration, *full = _parts(WINDOW, counts)
    short_calibration, *short = _parts(WINDOW // 2, counts)
    # In turn, so that the first samples show already that the number of frames is open.
    samples = [(window,) for pair in zip(calibration[0], short_calibration[0], strict=True) for window in pair]
    sources = [Path(module.__file__) for module in (speaker_encoder, recordings, mel) if module.__file__]
    return Task(
        "Resemblyzer", SpeakerEncoder(), samples, CONTENDERS, lambda run: _scorer(run, full, short),
        [Path(__file__), *sources],
    )  # fmt: skip


Part = tuple[np.ndarray, np.ndarray]
"""Windows [n, 1, frames, 40] float32, and the speaker of each, [n] int64."""


def _parts(frames: int, counts: tuple[int, ...]) -> list[Part]:
    """Cut each speaker's recordings in three, in the order of a shuffle, and take windows of each part."""
    cut: list[list[np.ndarray]] = [[] for _ in counts]
    for files in recordings.speakers():
        order = [files[index] for index in np.random.default_rng(0).permutation(len(files))]
        bounds = [0, len(order) // 8, len(order) // 4, len(order)]
        for index, count in enumerate(counts):
            found = windows(order[bounds[index] : bounds[index + 1]], frames)
            if len(found) < count:
                raise ValueError(f"recordings: got {len(found)} windows of {frames} frames, expected {count}")
            chosen = np.linspace(0, len(found) - 1, count).astype(int)
            cut[index].append(found[chosen, None])
    labels = [np.repeat(np.arange(len(part)), [len(found) for found in part]) for part in cut]
    return [(np.concatenate(part), label) for part, label in zip(cut, labels, strict=True)]


def _scorer(float_run: Run, full: list[Part], short: list[Part]) -> Score:
    reference = _embed(float_run, full[1][0])

    def score(run: Run) -> Scores:
        embeddings = _embed(run, full[1][0])
        mean, least = scores.cosines(reference, embeddings)
        decibels = sqnr(reference, embeddings)
        return {
            "cosine": mean,
            "least": least,
            "SQNR dB": decibels,
            "speaker %": _identified(run, full),
            "0.8 s %": _identified(run, short),
        }

    return score


def _identified(run: Run, parts: list[Part]) -> float:
    (enrolled, speakers), (tested, labels) = parts
    return scores.percent_nearest(scores.centroids(_embed(run, enrolled), speakers), _embed(run, tested), labels)


def _embed(run: Run, batches: np.ndarray) -> np.ndarray:
    embeddings = np.concatenate([np.asarray(run((window,))) for window in batches])
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
