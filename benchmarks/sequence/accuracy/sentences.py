"""MiniLM's embeddings of movie snippets: cosine to float, and whether their sentiment can still be told.

The probe is one logistic regression, trained on float embeddings of other snippets: it meets each contender's
embeddings without having seen any of them, as a classifier does whose encoder is replaced.
"""

from pathlib import Path

import numpy as np

from benchmarks.harness import sqnr
from benchmarks.peers import Run
from benchmarks.sequence import sentence_encoder
from benchmarks.sequence.accuracy import scores
from benchmarks.sequence.accuracy.task import Score, Scores, Task
from benchmarks.sequence.snippets import snippets

CONTENDERS = ("octavo dynamic", "octavo", "onnxruntime dynamic", "onnxruntime", "torch.ao fbgemm")
CALIBRATION, COMPARED, HELD_OUT, TRAINING = 128, 500, 1000, 2000
"""Snippets for calibration, for the cosines, for the probe's score and for its training; no two share any."""


def task(share: float = 1.0) -> Task:
    """Return the task on `share` of the snippets that are compared, held out and trained on.

    Raises MissingDataError where the snippets, MissingPackageError where the network is not there.
    """
    calibration, *parts = _parts([CALIBRATION, *(int(share * count) for count in (COMPARED, HELD_OUT, TRAINING))])
    samples = [sentence_encoder.tokenize([text]) for text in calibration[0]]
    sources = [Path(__file__), Path(sentence_encoder.__file__)]
    return Task("MiniLM", sentence_encoder.bert(), samples, CONTENDERS, lambda run: _scorer(run, *parts), sources)


Part = tuple[list[str], np.ndarray]
"""Texts, and whether their score is positive, [n] bool."""


def _parts(counts: list[int]) -> list[Part]:
    ends = np.cumsum(counts)
    found = [snippets()[end - count : end] for end, count in zip(ends, counts, strict=True)]
    return [([s.text for s in part], np.array([s.score > 0 for s in part])) for part in found]


def _scorer(float_run: Run, compared: Part, held_out: Part, training: Part) -> Score:
    reference = sentence_encoder.embed(float_run, compared[0])
    classifier = scores.probe(sentence_encoder.embed(float_run, training[0]), training[1])

    def score(run: Run) -> Scores:
        embeddings = sentence_encoder.embed(run, compared[0])
        mean, least = scores.cosines(reference, embeddings)
        right = scores.percent_right(classifier, sentence_encoder.embed(run, held_out[0]), held_out[1])
        return {"cosine": mean, "least": least, "SQNR dB": sqnr(reference, embeddings), "probe %": right}

    return score
