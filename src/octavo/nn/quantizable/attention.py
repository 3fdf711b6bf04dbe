"""Attention that can be observed, and quantized with static ranges."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from octavo.nn.stubs import DeQuantStub, QuantStub
from octavo.program import ShapeError


class MultiheadAttention(nn.Module):
    """Attend as `nn.MultiheadAttention` does: `softmax(Q Kᵀ / √d) V` for each head, then a linear layer.

    The four linear layers compute in 8 bits once converted; what is between them, scores, softmax and sums, stays in
    float, and so do the attention weights that are returned.

    Args:
        embed_dim, num_heads, dropout, bias, add_bias_kv, add_zero_attn, kdim, vdim, batch_first, device, dtype: as
            `nn.MultiheadAttention`.

    Shape: query [l, n, embed_dim], key [s, n, kdim], value [s, n, vdim], axes 0 and 1 swapped with batch_first; all
        also without the batch axis.

    Raises:
        ValueError: embed_dim is no multiple of num_heads.

    Reference: Vaswani et al., Attention Is All You Need, 2017, arXiv:1706.03762, section 3.2.
    """

    # What torch.nn.TransformerEncoder asks before it would read all weights by itself.
    in_proj_bias: None = None
    _qkv_same_embed_dim = False

    bias_k: nn.Parameter | None
    bias_v: nn.Parameter | None

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
        add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError(f"embed_dim: got {embed_dim}, expected a multiple of num_heads={num_heads}")
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.dropout, self.add_zero_attn, self.batch_first = dropout, add_zero_attn, batch_first
        made: dict[str, Any] = {"device": device, "dtype": dtype}
        self.linear_Q = nn.Linear(embed_dim, embed_dim, bias, **made)
        self.linear_K = nn.Linear(self.kdim, embed_dim, bias, **made)
        self.linear_V = nn.Linear(self.vdim, embed_dim, bias, **made)
        self.out_proj = nn.Linear(embed_dim, embed_dim, bias, **made)
        for name in ("bias_k", "bias_v"):
            extra = nn.Parameter(nn.init.xavier_normal_(torch.empty(1, 1, embed_dim, **made))) if add_bias_kv else None
            self.register_parameter(name, extra)
        self.dequant_q, self.dequant_k, self.dequant_v = DeQuantStub(), DeQuantStub(), DeQuantStub()
        self.quant_attn_output = QuantStub()

    @classmethod
    def from_float(cls, other: Any) -> MultiheadAttention:
        """Make one of a float `nn.MultiheadAttention`."""
        attention = cls(
            other.embed_dim, other.num_heads, other.dropout, other.in_proj_bias is not None, other.bias_k is not None,
            other.add_zero_attn, other.kdim, other.vdim, other.batch_first,
        )  # fmt: skip
        if other.in_proj_weight is not None:
            weights = other.in_proj_weight.chunk(3)
        else:
            weights = (other.q_proj_weight, other.k_proj_weight, other.v_proj_weight)
        biases = (None,) * 3 if other.in_proj_bias is None else other.in_proj_bias.chunk(3)
        layers: Any = (attention.linear_Q, attention.linear_K, attention.linear_V, attention.out_proj)
        for layer, weight, bias in zip(
            layers, (*weights, other.out_proj.weight), (*biases, other.out_proj.bias), strict=True
        ):
            layer.weight = nn.Parameter(weight.detach().clone())
            layer.bias = None if bias is None else nn.Parameter(bias.detach().clone())
        for name in ("bias_k", "bias_v"):
            extra = getattr(other, name)
            setattr(attention, name, None if extra is None else nn.Parameter(extra.detach().clone()))
        attention.qconfig = getattr(other, "qconfig", None)  # type: ignore[assignment]
        return attention.train(other.training)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None,
        need_weights: bool = True, attn_mask: Tensor | None = None, average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """Attend.

        Args:
            query, key, value: see the class.
            key_padding_mask: [n, s]: True, or −∞ of a float mask, where a key is left out.
            need_weights: whether to return the attention weights.
            attn_mask: [l, s] or [n · num_heads, l, s]: True, or −∞ of a float mask, where a query may not look.
            average_attn_weights: whether the weights are averaged over the heads.
            is_causal: says that attn_mask is causal; the mask is what counts.

        Returns: [l, n, embed_dim] as query came, and float weights [n, l, s] or [n, num_heads, l, s], or None.

        Raises:
            RuntimeError: is_causal without attn_mask.
            ShapeError: query, key and value do not fit.
        """
        if is_causal and attn_mask is None:
            raise RuntimeError(f"{self._get_name()}: is_causal says what attn_mask is; got no attn_mask")
        alone = query.dim() == 2
        _check(self, query, key, value)
        real = [
            self._heads(dequant(layer(x)), extra, alone)
            for dequant, layer, x, extra in (
                (self.dequant_q, self.linear_Q, query, None),
                (self.dequant_k, self.linear_K, key, self.bias_k),
                (self.dequant_v, self.linear_V, value, self.bias_v),
            )
        ]
        q, k, v = real[0], *(F.pad(x, (0, 0, 0, 1)) if self.add_zero_attn else x for x in real[1:])
        scores = q @ k.transpose(-1, -2) * self.head_dim**-0.5
        padding = None if key_padding_mask is None else key_padding_mask.view(-1, 1, 1, key_padding_mask.shape[-1])
        looks = attn_mask
        if attn_mask is not None and attn_mask.dim() == 3:
            looks = attn_mask.view(-1, self.num_heads, *attn_mask.shape[1:])
        for mask in (padding, looks):
            scores = scores if mask is None else _masked(scores, mask)
        weights = F.dropout(scores.softmax(-1), self.dropout, self.training)
        y = self.out_proj(self.quant_attn_output(self._joined(weights @ v, alone)))
        if not need_weights:
            return y, None
        shown = weights.mean(1) if average_attn_weights else weights
        return y, shown.squeeze(0) if alone else shown

    def _heads(self, x: Tensor, extra: Tensor | None, alone: bool) -> Tensor:
        """Split [l, n, embed_dim], as the inputs came, into [n, heads, l, head_dim]."""
        x = x.unsqueeze(0) if alone else x if self.batch_first else x.transpose(0, 1)
        if extra is not None:
            x = torch.cat([x, extra.expand(x.shape[0], -1, -1)], 1)
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def _joined(self, x: Tensor, alone: bool) -> Tensor:
        """Undo `_heads`."""
        y = x.transpose(1, 2).flatten(-2)
        return y.squeeze(0) if alone else y if self.batch_first else y.transpose(0, 1)

    def _get_name(self) -> str:
        return "QuantizableMultiheadAttention"


def _masked(scores: Tensor, mask: Tensor) -> Tensor:
    """Apply a mask to scores that may have more keys (those of bias_k and add_zero_attn), which it leaves alone."""
    mask = F.pad(mask, (0, scores.shape[-1] - mask.shape[-1]))
    return scores.masked_fill(mask, float("-inf")) if mask.dtype == torch.bool else scores + mask


def _check(module: Any, query: Tensor, key: Tensor, value: Tensor) -> None:
    given = (query, key, value)
    features = (module.embed_dim, module.kdim, module.vdim)
    rank = query.dim()
    fits = rank in (2, 3) and all(
        x.dim() == rank and x.shape[-1] == size for x, size in zip(given, features, strict=True)
    )
    if not fits or key.shape[:-1] != value.shape[:-1]:
        raise ShapeError(
            f"{module._get_name()}: query, key and value have shapes {[list(x.shape) for x in given]}, expected "
            f"features {list(features)}, all with a batch axis or all without, key and value alike in the others"
        )
