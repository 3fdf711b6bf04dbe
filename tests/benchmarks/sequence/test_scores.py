"""What is counted of embeddings."""

import numpy as np
import pytest
from benchmarks.sequence.accuracy import scores


def test_cosines() -> None:
    rows = np.array([[1, 0], [0, 1]], np.float32)
    turned = np.array([[1, 0], [0.6, 0.8]], np.float32)
    assert scores.cosines(rows, turned) == pytest.approx((0.9, 0.8))


def test_nearest_centroid() -> None:
    centres = scores.centroids(np.array([[2, 0], [4, 0], [0, 3]], np.float32), np.array([0, 0, 1]))
    assert np.array_equal(centres, [[1, 0], [0, 1]])
    tested = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]], np.float32)
    assert scores.percent_nearest(centres, tested, np.array([0, 1, 1, 1])) == 75


def test_a_probe_tells_what_can_be_told() -> None:
    embeddings = np.random.default_rng(0).normal(0, 1, (200, 4)).astype(np.float32)
    labels = embeddings[:, 1] > 0
    assert scores.percent_right(scores.probe(embeddings[:150], labels[:150]), embeddings[150:], labels[150:]) >= 90
