"""Networks of attention that the tests capture, and what they read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from benchmarks.networks.torchvision_schemas import declare_schemas
from torch import Tensor, nn

from octavo.graph import Captured, calibrate, capture, convert, prepare
from octavo.graph.execute import execute
from octavo.program import Program
from octavo.program.reference import run as run_reference
from octavo.qconfig import QConfigMapping, default_static, per_channel_dynamic_qconfig
from octavo.runtime import LoadedProgram

WORDS = 40
LONGEST = 24


def sentences(batch: int, length: int) -> dict[str, Tensor]:
    """Draw ids, a mask of sentences of different lengths, and types."""
    lengths = torch.randint(1, length + 1, (batch, 1))
    return {
        "input_ids": torch.randint(0, WORDS, (batch, length)),
        "attention_mask": (torch.arange(length)[None] < lengths).long(),
        "token_type_ids": torch.randint(0, 2, (batch, length)),
    }


class SelfAttention(nn.Module):
    """Attention as people write it: `style` tells how the future or the padding is hidden."""

    def __init__(self, style: str = "", width: int = 16, heads: int = 4) -> None:
        super().__init__()
        self.style, self.heads = style, heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.register_buffer("seen", torch.tril(torch.ones(LONGEST, LONGEST)).view(1, 1, LONGEST, LONGEST))
        self.eval()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return [n, t, width]."""
        n, t, width = x.shape
        parts = self.qkv(x).split(width, dim=2)
        q, k, v = (part.view(n, t, self.heads, width // self.heads).transpose(1, 2) for part in parts)
        return self.out(self.mix(q, k, v, mask).transpose(1, 2).reshape(n, t, width))

    def mix(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        """Attend, in one of the styles."""
        t = q.shape[2]
        triangle = torch.ones(t, t, dtype=torch.bool).tril()
        if self.style == "sdpa":
            return F.scaled_dot_product_attention(q, k, v)
        if self.style == "sdpa causal":
            return F.scaled_dot_product_attention(q, k, v, is_causal=True)
        if self.style == "sdpa triangle":
            return F.scaled_dot_product_attention(q, k, v, attn_mask=triangle)
        if self.style == "sdpa infinities":
            hidden = torch.triu(torch.full((t, t), -math.inf), diagonal=1)
            return F.scaled_dot_product_attention(q, k, v, attn_mask=hidden, scale=0.3)
        if self.style == "sdpa mask":
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None] != 0)  # type: ignore[index]
        if self.style == "sdpa both":
            seen = triangle & (mask[:, None, None] != 0)  # type: ignore[index]
            return F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if self.style == "written, buffer":
            scores = scores.masked_fill(self.seen[:, :, :t, :t] == 0, -math.inf)  # type: ignore[index]
        if self.style == "written, positions":
            places = torch.arange(t)
            scores = torch.where(places[None] <= places[:, None], scores, -1e9)
        if self.style == "written, mask":
            scores = scores + (1.0 - mask[:, None, None].float()) * -1e4  # type: ignore[index]
        return torch.softmax(scores, -1) @ v


class Embedder(nn.Module):
    """Embed sentences: words and positions, one encoder layer, mean over the mask, length 1."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(WORDS, 16), nn.Embedding(LONGEST, 16)
        self.norm, self.attention = nn.LayerNorm(16), SelfAttention("sdpa mask")
        self.eval()

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return [n, 16]."""
        x = self.words(ids) + self.positions(torch.arange(ids.shape[1]))
        x = self.norm(x + self.attention(x, mask))
        weight = mask.unsqueeze(-1).expand(x.size()).float()
        return F.normalize((x * weight).sum(1) / torch.clamp(weight.sum(1), min=1e-9), dim=-1)


def tiny_bert() -> nn.Module:
    """Make a BertModel of two layers with random weights; the test is skipped where transformers is missing."""
    pytest.importorskip("transformers", reason="transformers is not installed (make test-packages)")
    declare_schemas()  # transformers imports torchvision
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=WORDS, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=LONGEST,
    )  # fmt: skip
    return BertModel(config).eval()


def converted(
    model: nn.Module | Captured, example: Any, scheme: str, samples: tuple[Any, ...] = (), mapping: Any = None
) -> Program:
    """Quantize a model, or what was captured of it, by its scheme: `static`, `dynamic` or `float`."""
    captured = model if isinstance(model, Captured) else capture(model, example, samples=samples)
    given = mapping or {
        "dynamic": QConfigMapping().set_global(per_channel_dynamic_qconfig), "static": default_static(),
        "float": QConfigMapping(),
    }[scheme]  # fmt: skip
    prepared = prepare(captured, given)
    if scheme == "static":
        calibrate(prepared, [example, *samples])
    return convert(prepared, "tests").program


def arrays_of(sample: Any) -> list[np.ndarray]:
    """Return a sample as a program takes it: booleans as int64."""
    tensors = sample.values() if isinstance(sample, dict) else sample
    return [t.long().numpy() if t.dtype == torch.bool else t.numpy() for t in tensors]


def results_of(program: Program, sample: Any) -> list[np.ndarray]:
    """Run a program in NumPy and on the engine, compare them, and return the results."""
    arrays = arrays_of(sample)
    expected = run_reference(program, arrays)
    for want, got in zip(expected, LoadedProgram(program, threads=2).run(arrays), strict=True):
        np.testing.assert_array_equal(got, want)
    return expected


def float_results(model: nn.Module, sample: Any) -> list[np.ndarray]:
    """Run the model itself."""
    with torch.no_grad():
        made = model(**sample) if isinstance(sample, dict) else model(*sample)
    return [t.numpy() for t in torch.utils._pytree.tree_leaves(made) if isinstance(t, Tensor)]


def assert_graph_computes(captured: Captured, model: nn.Module, sample: Any) -> None:
    """Compare a captured graph with the model on a sample of any size."""
    made = execute(captured.graph, captured.signature.bind(sample, "the sample"))
    for got, want in zip(made, float_results(model, sample), strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-4, atol=1e-5)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the least cosine between rows, the last axis."""
    products = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    return float(products.min())
