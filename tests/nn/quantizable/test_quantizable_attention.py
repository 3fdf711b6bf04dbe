"""nn.quantizable.MultiheadAttention and what convert makes of it."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch
from tests.nn.samples import QCONFIG
from torch import Tensor, nn

from octavo import eager
from octavo.eager.errors import NotCalibratedError
from octavo.nn import QTensor, conversions, quantizable, quantized
from octavo.nn.errors import QuantizationError
from octavo.nn.stubs import DeQuantStub, QuantStub
from octavo.numerics import sqnr
from octavo.program import ShapeError

SIZE, HEADS, QUERIES, KEYS, BATCH = 16, 4, 5, 7, 3
KINDS = {
    "plain": {},
    "batch_first": {"batch_first": True},
    "no_bias": {"bias": False},
    "other_sizes": {"kdim": 10, "vdim": 12},
    "more_keys": {"add_bias_kv": True, "add_zero_attn": True, "batch_first": True},
}


@pytest.fixture(params=list(KINDS))
def attention(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(4)
    module: Any = nn.MultiheadAttention(SIZE, HEADS, **KINDS[request.param]).eval()
    for bias in (module.in_proj_bias, module.out_proj.bias):
        if bias is not None:
            nn.init.normal_(bias)
    module.kind = request.param
    return module


def inputs(module: Any, alone: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    lengths, features = (QUERIES, KEYS, KEYS), (SIZE, module.kdim, module.vdim)
    shapes = [(n, f) if alone else (BATCH, n, f) for n, f in zip(lengths, features, strict=True)]
    q, k, v = (torch.randn(shape) for shape in shapes)
    return (q, k, v) if alone or module.batch_first else (q.transpose(0, 1), k.transpose(0, 1), v.transpose(0, 1))


def masks(kind: str, alone: bool = False) -> dict[str, Any]:
    padding = torch.zeros((KEYS,) if alone else (BATCH, KEYS), dtype=torch.bool)
    padding[..., 5:] = True
    looks = torch.ones(QUERIES, KEYS, dtype=torch.bool).triu(2)
    real = torch.randn(HEADS if alone else BATCH * HEADS, QUERIES, KEYS)
    return {
        "none": {},
        "padding": {"key_padding_mask": padding},
        "causal": {"attn_mask": looks, "is_causal": True},
        "both": {"key_padding_mask": padding, "attn_mask": looks},
        "float": {"attn_mask": real},
        "no_weights": {"need_weights": False},
        "all_heads": {"average_attn_weights": False},
    }[kind]


@pytest.mark.parametrize("alone", [False, True], ids=["batch", "alone"])
@pytest.mark.parametrize("kind", ["none", "padding", "causal", "both", "float", "no_weights", "all_heads"])
def test_in_float_it_is_the_attention_of_pytorch(attention: Any, kind: str, alone: bool) -> None:
    ours = quantizable.MultiheadAttention.from_float(attention)
    given, options = inputs(attention, alone), masks(kind, alone)
    with torch.no_grad():
        (y, weights), (real, real_weights) = ours(*given, **options), attention(*given, **options)
    # Float sums in another order.
    torch.testing.assert_close(y, real, rtol=0, atol=1e-5)
    torch.testing.assert_close(weights, real_weights, rtol=0, atol=1e-5)


class Model(nn.Module):
    """Attention in 8 bits, float on both sides."""

    def __init__(self, attention: Any) -> None:
        super().__init__()
        self.quants, self.dequant = nn.ModuleList(QuantStub() for _ in range(3)), DeQuantStub()
        self.attention = attention

    def forward(self, *inputs: Tensor, **options: Any) -> Any:
        y, weights = self.attention(*(quant(x) for quant, x in zip(self.quants, inputs, strict=True)), **options)
        assert isinstance(y, QTensor) == isinstance(self.attention, quantized.MultiheadAttention)
        return self.dequant(y), weights


def convert(attention: Any) -> tuple[Model, Any]:
    model = Model(attention).eval()
    model.qconfig = QCONFIG  # type: ignore[assignment]
    prepared = eager.prepare(model)
    with torch.no_grad():
        for _ in range(16):
            prepared(*inputs(attention))
    return model, eager.convert(prepared)


@pytest.mark.parametrize("kind", ["none", "both", "float", "no_weights"])
def test_in_8_bits_it_is_close_to_float(attention: Any, kind: str) -> None:
    model, q = convert(attention)
    assert type(q.attention) is quantized.MultiheadAttention
    assert repr(q.attention).startswith("QuantizedMultiheadAttention(")
    assert q.attention.linear_Q.name == "attention.linear_Q"
    given, options = inputs(attention), masks(kind)
    with torch.no_grad(), conversions.recording() as counted:
        (real, real_weights), (y, weights) = model(*given, **options), q(*given, **options)
    assert counted.total() == 0
    # Five roundings to 8 bits, one after the other; a mask of large numbers leaves only few values to average them.
    assert sqnr(real, y) > 24
    assert weights is None if kind == "no_weights" else sqnr(real_weights, weights) > 24


def test_copies_and_state_dicts_give_the_same_numbers(attention: Any) -> None:
    _, q = convert(attention)
    given = inputs(attention)
    y, weights = q(*given)
    torch.manual_seed(8)
    _, other = convert(nn.MultiheadAttention(SIZE, HEADS, **KINDS[attention.kind]).eval())
    assert not torch.equal(other(*given)[0], y)
    file = io.BytesIO()
    torch.save(q.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    for twin in (other, copy.deepcopy(q)):
        assert torch.equal(twin(*given)[0], y) and torch.equal(twin(*given)[1], weights)


def test_wrong_inputs_are_named() -> None:
    with pytest.raises(ValueError, match="multiple of num_heads=4"):
        quantizable.MultiheadAttention(10, 4)
    ours = quantizable.MultiheadAttention(8, 2)
    x = torch.randn(3, 2, 8)
    with pytest.raises(RuntimeError, match="got no attn_mask"):
        ours(x, x, x, is_causal=True)
    for bad in (torch.randn(3, 2, 7), torch.randn(4, 2, 8), torch.randn(3, 8)):
        with pytest.raises(ShapeError, match="QuantizableMultiheadAttention: query, key and value have shapes"):
            ours(x, x, bad)
    with pytest.raises(QuantizationError, match=r"observed nn.quantizable.MultiheadAttention"):
        quantized.MultiheadAttention.from_float(nn.MultiheadAttention(8, 2))
    model = Model(nn.MultiheadAttention(8, 2)).eval()
    model.qconfig = QCONFIG  # type: ignore[assignment]
    with pytest.raises(NotCalibratedError, match=r"'attention.quant_attn_output'"):
        eager.convert(eager.prepare(model))
