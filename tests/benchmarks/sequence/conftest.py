"""Data and networks of sequence models; where one is not there, its tests are skipped and say why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from benchmarks.sequence.data import MissingDataError
from benchmarks.sequence.speaker_encoder import SpeakerEncoder
from torch import nn

from benchmarks.sequence import recordings, sentence_encoder, snippets
from octavo.demo.packages import MissingPackageError

Found = TypeVar("Found")


def _or_skip(find: Callable[[], Found]) -> Found:
    try:
        return find()
    except (MissingDataError, MissingPackageError) as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def one_thread(one_torch_thread: None) -> None:
    """Give every test here one thread."""


@pytest.fixture(scope="session")
def movie_snippets() -> tuple[snippets.Snippet, ...]:
    """Scored movie reviews."""
    return _or_skip(snippets.snippets)


@pytest.fixture(scope="session")
def speakers() -> tuple[tuple[Path, ...], ...]:
    """Recordings of each speaker."""
    return _or_skip(recordings.speakers)


@pytest.fixture(scope="session")
def minilm() -> nn.Module:
    """The sentence encoder."""
    return _or_skip(sentence_encoder.bert)


@pytest.fixture(scope="session")
def speaker_encoder() -> SpeakerEncoder:
    """The speaker encoder."""
    return _or_skip(SpeakerEncoder)
