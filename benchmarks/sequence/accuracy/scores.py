"""How far embeddings are from those of the float model, and what can still be told from them."""

import numpy as np
from sklearn.linear_model import LogisticRegression


def cosines(reference: np.ndarray, embeddings: np.ndarray) -> tuple[float, float]:
    """Return the mean and the least cosine between the rows of two arrays [n, width], both of length 1."""
    products = np.sum(reference.astype(np.float64) * embeddings, axis=1)
    return float(products.mean()), float(products.min())


def probe(embeddings: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    """Fit a logistic regression to embeddings [n, width] and labels [n] bool."""
    return LogisticRegression(max_iter=1000).fit(embeddings, labels)


def percent_right(classifier: LogisticRegression, embeddings: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of embeddings [n, width] whose label [n] the classifier tells, in percent."""
    return 100 * float(classifier.score(embeddings, labels))


def centroids(embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the mean embedding of each class, [classes, width] of length 1; labels [n] are 0, 1, …"""
    means = np.stack([embeddings[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def percent_nearest(centres: np.ndarray, embeddings: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of embeddings [n, width] whose nearest centre (by cosine) has their label [n], in percent."""
    return 100 * float(((embeddings @ centres.T).argmax(axis=1) == labels).mean())
