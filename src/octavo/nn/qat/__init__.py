"""Layers in training for 8 bits: the float layer with its weight rounded in the forward pass."""

from octavo.nn.qat.conv import Conv1d, Conv2d, Conv3d
from octavo.nn.qat.embedding import Embedding, EmbeddingBag
from octavo.nn.qat.linear import Linear

__all__ = ["Conv1d", "Conv2d", "Conv3d", "Embedding", "EmbeddingBag", "Linear"]
