"""The pretrained encoders are what they are known to be."""

from pathlib import Path

import numpy as np
import torch
from benchmarks.peers import on_tensors
from benchmarks.sequence.accuracy import scores
from benchmarks.sequence.sentence_encoder import embed, tokenize, tokens
from benchmarks.sequence.snippets import Snippet
from benchmarks.sequence.speaker_encoder import WINDOW, SpeakerEncoder, windows
from torch import nn


def test_snippets_are_scored(movie_snippets: tuple[Snippet, ...]) -> None:
    assert len(movie_snippets) == 10_605
    assert all(-4 <= snippet.score <= 4 and snippet.text for snippet in movie_snippets)
    assert 0.4 < np.mean([snippet.score > 0 for snippet in movie_snippets]) < 0.6


def test_sentences_that_mean_the_same_are_near(minilm: nn.Module) -> None:
    texts = ["A great film.", "An excellent movie!", "The price of butter rose."]
    embeddings = embed(on_tensors(minilm), texts)
    similarity = embeddings @ embeddings.T
    assert similarity[0, 1] > 0.7 > 0.4 > similarity[0, 2]


def test_padding_does_not_change_the_tokens(minilm: nn.Module) -> None:
    texts = ["short", "a somewhat longer sentence than that"]
    ids, mask, types = tokenize(texts)
    assert ids.shape == mask.shape == types.shape == (2, mask.sum(axis=1).max())
    alone = tokenize(texts[:1])
    assert np.array_equal(ids[0][mask[0] == 1], alone[0][0])
    with torch.inference_mode():
        both, one = (minilm(*map(torch.from_numpy, sample)) for sample in ((ids, mask, types), alone))
    torch.testing.assert_close(both[:1, : one.shape[1]], one, atol=1e-5, rtol=1e-4)  # other sums in float32


def test_as_many_tokens_as_asked_for(minilm: nn.Module) -> None:
    assert [array.shape for array in tokens(["one two three"] * 4, 16)] == [(1, 16)] * 3


def test_the_speaker_can_be_told(speaker_encoder: SpeakerEncoder, speakers: tuple[tuple[Path, ...], ...]) -> None:
    cut = [windows(files[100:108]) for files in speakers]
    labels = np.repeat([0, 1], [len(part) for part in cut])
    with torch.inference_mode():
        embeddings = speaker_encoder(torch.from_numpy(np.concatenate(cut))).numpy()
    assert cut[0].shape[1:] == (WINDOW, 40)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    centres = scores.centroids(embeddings[::2], labels[::2])
    assert scores.percent_nearest(centres, embeddings[1::2], labels[1::2]) >= 90
