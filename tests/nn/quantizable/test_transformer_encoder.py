"""Transformer encoders through eager mode, static and dynamic."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from octavo import eager
from octavo.nn import QTensor, conversions, quantized
from octavo.nn.float_functional import FloatFunctional
from octavo.nn.quantized import dynamic
from octavo.nn.stubs import DeQuantStub, QuantStub
from octavo.numerics import sqnr
from octavo.qconfig import default_dynamic_qconfig, get_default_qconfig

SIZE, HEADS, LENGTH, BATCH = 32, 4, 7, 3


class Layer(nn.Module):
    """An encoder layer whose sums are float functionals, as static quantization wants them."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(SIZE, HEADS, batch_first=True)
        self.up, self.down = nn.Linear(SIZE, 2 * SIZE), nn.Linear(2 * SIZE, SIZE)
        self.norm1, self.norm2 = nn.LayerNorm(SIZE), nn.LayerNorm(SIZE)
        self.add1, self.add2 = FloatFunctional(), FloatFunctional()

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        x = self.norm1(self.add1.add(x, self.attention(x, x, x, key_padding_mask=padding, need_weights=False)[0]))
        return self.norm2(self.add2.add(x, self.down(torch.relu(self.up(x)))))


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.quant, self.dequant = QuantStub(), DeQuantStub()
        self.layers = nn.ModuleList(Layer() for _ in range(2))

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        x = self.quant(x)
        for layer in self.layers:
            x = layer(x, padding)
        return self.dequant(x)


def batch() -> tuple[Tensor, Tensor]:
    padding = torch.zeros(BATCH, LENGTH, dtype=torch.bool)
    padding[1, 4:] = True
    return torch.randn(BATCH, LENGTH, SIZE), padding


def reloaded(model: Any, other: Any) -> Any:
    """Load a model's state dict into another, through a file of weights only."""
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    return other


def static(model: nn.Module, define_by_run: bool) -> Any:
    model.qconfig = get_default_qconfig("x86")  # type: ignore[assignment]
    prepared = eager.prepare(model.eval(), define_by_run=define_by_run)
    with torch.no_grad():
        for _ in range(4):
            x, padding = batch()
            prepared(x, padding) if isinstance(model, Encoder) else prepared(x, src_key_padding_mask=padding)
    return eager.convert(prepared)


def test_static() -> None:
    torch.manual_seed(5)
    model = Encoder().eval()
    q = static(model, define_by_run=False)
    assert all(type(layer.attention) is quantized.MultiheadAttention for layer in q.layers)
    x, padding = batch()
    with torch.no_grad(), conversions.recording() as counted:
        expected, y = model(x, padding), q(x, padding)
    assert counted.total() == 0
    # Some twenty roundings to 8 bits, one after the other, each some 40 dB below its values.
    assert sqnr(expected, y) > 25
    assert torch.equal(copy.deepcopy(q)(x, padding), y)
    torch.manual_seed(6)
    other = static(Encoder(), define_by_run=False)
    assert not torch.equal(other(x, padding), y)
    assert torch.equal(reloaded(q, other)(x, padding), y)


def test_dynamic_leaves_attention_in_float() -> None:
    torch.manual_seed(5)
    model = Encoder().eval()
    q: Any = eager.quantize_dynamic(model)
    assert type(q.layers[0].attention) is nn.MultiheadAttention
    assert type(q.layers[0].up) is dynamic.Linear
    x, padding = batch()
    with torch.no_grad():
        expected, y = model(x, padding), q(x, padding)
        # Two layers of weights and rows in 8 bits.
        assert sqnr(expected, y) > 35
        assert torch.equal(copy.deepcopy(q)(x, padding), y)
        assert torch.equal(reloaded(q, eager.quantize_dynamic(Encoder()))(x, padding), y)


@pytest.fixture
def pytorch_encoder() -> nn.TransformerEncoder:
    torch.manual_seed(7)
    layer = nn.TransformerEncoderLayer(SIZE, HEADS, 2 * SIZE, batch_first=True)
    return nn.TransformerEncoder(layer, 2).eval()


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")  # the float encoder's own
@pytest.mark.parametrize("form", ["static", "dynamic", "named"])
def test_the_encoder_of_pytorch(pytorch_encoder: nn.TransformerEncoder, form: str) -> None:
    q: Any
    if form == "static":
        q = static(copy.deepcopy(pytorch_encoder), define_by_run=True)
        assert type(q.layers[0].self_attn) is quantized.MultiheadAttention
    elif form == "dynamic":
        q = eager.quantize_dynamic(pytorch_encoder)
    else:
        q = eager.quantize_dynamic(pytorch_encoder, {"layers.1.linear2": default_dynamic_qconfig})
        assert type(q.layers[0].linear2) is nn.Linear
    x, padding = batch()
    for grad in (False, True):
        with torch.set_grad_enabled(grad):
            assert sqnr(pytorch_encoder(x).detach(), _real(q(x)).detach()) > 25
            expected = pytorch_encoder(x, src_key_padding_mask=padding).detach()
            y = _real(q(x, src_key_padding_mask=padding)).detach()
            # PyTorch's fused kernel puts zeros where it is padded.
            assert sqnr(expected[~padding], y[~padding]) > 25


def _real(y: Tensor) -> Tensor:
    return y.dequantize() if isinstance(y, QTensor) else y
