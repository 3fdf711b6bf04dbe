"""Embeddings in training for 8 bits: their rows are rounded, what they give is float."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from octavo.nn.qat.weight import FakeQuantizedWeight, qconfig_of


class Embedding(FakeQuantizedWeight, nn.Embedding):
    """Look up rows of the rounded table; arguments as those of `nn.Embedding`, and qconfig."""

    bias = None

    def __init__(self, num_embeddings: int, embedding_dim: int, *args: Any, qconfig: Any = None, **kwargs: Any) -> None:
        nn.Embedding.__init__(self, num_embeddings, embedding_dim, *args, **kwargs)
        self.attach(qconfig)

    def forward(self, input: Tensor) -> Tensor:
        """Look up."""
        return F.embedding(
            input, self.rounded(self.weight), self.padding_idx, self.max_norm, self.norm_type,
            self.scale_grad_by_freq, self.sparse,
        )  # fmt: skip

    @classmethod
    def from_float(cls, mod: nn.Module, use_precomputed_fake_quant: bool = False) -> Embedding:
        """Make one that shares the table of a float embedding."""
        qconfig = qconfig_of(mod, nn.Embedding)
        assert isinstance(mod, nn.Embedding)
        layer = cls(
            mod.num_embeddings, mod.embedding_dim, mod.padding_idx, mod.max_norm, mod.norm_type,
            mod.scale_grad_by_freq, mod.sparse, mod.weight, qconfig=qconfig,
        )  # fmt: skip
        layer.take(mod, mod)
        return layer

    def to_float(self) -> nn.Embedding:
        """Return the float embedding."""
        table = nn.Embedding(
            self.num_embeddings, self.embedding_dim, self.padding_idx, self.max_norm, self.norm_type,
            self.scale_grad_by_freq, self.sparse, self.weight,
        )  # fmt: skip
        table.weight = self.weight
        return table.train(self.training)


class EmbeddingBag(FakeQuantizedWeight, nn.EmbeddingBag):
    """Reduce rows of the rounded table over bags; arguments as those of `nn.EmbeddingBag`, and qconfig."""

    bias = None

    def __init__(self, num_embeddings: int, embedding_dim: int, *args: Any, qconfig: Any = None, **kwargs: Any) -> None:
        nn.EmbeddingBag.__init__(self, num_embeddings, embedding_dim, *args, **kwargs)
        self.attach(qconfig)

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """Look up and reduce."""
        return F.embedding_bag(
            input, self.rounded(self.weight), offsets, self.max_norm, self.norm_type,
            self.scale_grad_by_freq, self.mode, self.sparse, per_sample_weights, self.include_last_offset,
            self.padding_idx,
        )  # fmt: skip

    @classmethod
    def from_float(cls, mod: nn.Module, use_precomputed_fake_quant: bool = False) -> EmbeddingBag:
        """Make one that shares the table of a float embedding bag."""
        qconfig = qconfig_of(mod, nn.EmbeddingBag)
        assert isinstance(mod, nn.EmbeddingBag)
        layer = cls(
            mod.num_embeddings, mod.embedding_dim, mod.max_norm, mod.norm_type, mod.scale_grad_by_freq, mod.mode,
            mod.sparse, mod.weight, mod.include_last_offset, mod.padding_idx, qconfig=qconfig,
        )  # fmt: skip
        layer.take(mod, mod)
        return layer

    def to_float(self) -> nn.EmbeddingBag:
        """Return the float embedding bag."""
        bag = nn.EmbeddingBag(
            self.num_embeddings, self.embedding_dim, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode,
            self.sparse, self.weight, self.include_last_offset, self.padding_idx,
        )  # fmt: skip
        bag.weight = self.weight
        return bag.train(self.training)
