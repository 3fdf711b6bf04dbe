"""Movie reviews, a sentence or two each, that people have scored: 10,605 of them.

They come with the source distribution of vaderSentiment, which is downloaded and not installed.

Reference: Hutto and Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text,
ICWSM 2014.
"""

import functools
import io
import tarfile
import zipfile
from typing import NamedTuple

import numpy as np

from benchmarks.sequence.data import find

_ARCHIVE, _FILE = "hutto_ICWSM_2014.tar.gz", "movieReviewSnippets_GroundTruth.txt"


class Snippet(NamedTuple):
    """A text, and the mean of its readers' scores from −4 (negative) to 4 (positive)."""

    text: str
    score: float


@functools.cache
def snippets() -> tuple[Snippet, ...]:
    """Return all snippets, in an order that is shuffled once and for all.

    Raises MissingDataError where the source distribution was not downloaded.
    """
    [path, *_] = find("vaderSentiment-*.zip", "the movie snippets", "`make sequence` downloads them")
    with zipfile.ZipFile(path) as outer:
        name = next(name for name in outer.namelist() if name.endswith(_ARCHIVE))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as inner:
            member = next(name for name in inner.getnames() if name.endswith(f"/{_FILE}"))
            file = inner.extractfile(member)
            assert file is not None
            lines = file.read().decode("latin-1").split("\n")
    fields = [line.rstrip("\r").split("\t", 2) for line in lines if line]
    found = [Snippet(text, float(score)) for _, score, text in fields]
    return tuple(found[index] for index in np.random.default_rng(0).permutation(len(found)))
