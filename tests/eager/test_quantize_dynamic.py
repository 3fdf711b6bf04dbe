"""Dynamic quantization: which modules, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from eager_networks import QCONFIG
from torch import Tensor, nn

from octavo import eager
from octavo.nn.conversions import Conversions
from octavo.nn.errors import QuantizationError
from octavo.nn.quantized import dynamic
from octavo.numerics import sqnr
from octavo.qconfig import default_dynamic_qconfig, float16_dynamic_qconfig, per_channel_dynamic_qconfig


class Rounded(nn.Module):
    """A linear layer with a rounded weight, in the place of one of the library's own."""

    def __init__(self, mod: nn.Linear) -> None:
        super().__init__()
        observer = mod.qconfig.weight()
        observer(mod.weight)
        self.qparams = observer.qparams()
        self.weight, self.bias = mod.weight, mod.bias

    @classmethod
    def from_float(cls, mod: Any) -> Rounded:
        return cls(mod)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, self.weight, self.bias)


MAPPING = {nn.Linear: Rounded}


def model() -> nn.Module:
    return nn.Sequential(nn.Sequential(nn.Linear(3, 3), nn.ReLU()), nn.Linear(3, 3), nn.LayerNorm(3))


def rounded(net: nn.Module) -> set[str]:
    return {name for name, module in net.named_modules() if type(module) is Rounded}


def test_every_layer_that_has_a_form() -> None:
    net = model()
    q = eager.quantize_dynamic(net, mapping=MAPPING)
    assert rounded(q) == {"0.0", "1"} and not rounded(net) and not q.training
    assert not q[2]._forward_pre_hooks and not any(hasattr(module, "qconfig") for module in q.modules())
    assert eager.quantize_dynamic(net, mapping=MAPPING, inplace=True) is net and rounded(net) == {"0.0", "1"}


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({nn.Linear}, {"0.0", "1"}),
        ({"1"}, {"1"}),
        (["0"], {"0.0"}),
        ({nn.Linear: default_dynamic_qconfig, "1": None}, {"0.0"}),
        ({"0.0": default_dynamic_qconfig}, {"0.0"}),
    ],
)
def test_classes_and_names(spec: Any, names: set[str]) -> None:
    assert rounded(eager.quantize_dynamic(model(), spec, mapping=MAPPING)) == names


def test_each_with_its_own_qconfig() -> None:
    spec = {"0.0": default_dynamic_qconfig, "1": per_channel_dynamic_qconfig}
    q = eager.quantize_dynamic(model(), spec, mapping=MAPPING)
    assert q[0][0].qparams.ch_axis is None and q[1].qparams.ch_axis == 0


def test_a_layer_by_itself() -> None:
    assert type(eager.quantize_dynamic(nn.Linear(2, 2), mapping=MAPPING)) is Rounded
    with pytest.raises(QuantizationError, match="quantize_dynamic: the model itself is a Linear, which nothing"):
        eager.quantize_dynamic(nn.Linear(2, 2), mapping=MAPPING, inplace=True)


def test_layers_of_the_library(counted: Conversions) -> None:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.fc = nn.LSTM(4, 8, batch_first=True), nn.Linear(8, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.rnn(x)[0])

    net, x = Tagger().eval(), torch.randn(2, 5, 4)
    q = eager.quantize_dynamic(net)
    assert type(q.rnn) is dynamic.LSTM and type(q.fc) is dynamic.Linear
    assert sqnr(net(x).detach(), q(x)) > 25 and counted.total() == 0


def test_a_transformer_keeps_to_its_own_layers() -> None:
    net, x = (
        nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval(),
        torch.randn(2, 3, 8),
    )
    q = eager.quantize_dynamic(net, {nn.Linear})
    assert type(q.layers[1].linear1) is dynamic.Linear
    with torch.no_grad():
        assert sqnr(net(x), q(x)) > 25


@pytest.mark.parametrize("dtype", [torch.float16, torch.quint4x2, torch.bfloat16, "float32"])
def test_a_dtype_without_kernels(dtype: Any) -> None:
    said = f"quantize_dynamic: dtype={dtype}, expected torch.qint8 .layers. or torch.quint8 .embeddings.: .* Remedy"
    for spec in (None, {nn.Linear}):
        with pytest.raises(QuantizationError, match=said):
            eager.quantize_dynamic(model(), spec, dtype)


def test_float16_by_its_qconfig() -> None:
    said = "quantize_dynamic: the QConfig of 'Linear' asks for weights in float16; .* Remedy: use "
    with pytest.raises(QuantizationError, match=said):
        eager.quantize_dynamic(model(), {nn.Linear: float16_dynamic_qconfig}, mapping=MAPPING)


def test_a_name_that_is_not_there() -> None:
    said = "quantize_dynamic: qconfig_spec names the module '0.1.0', which this Sequential does not have. Remedy: "
    with pytest.raises(QuantizationError, match=said + r"use a full name of .*, such as 0.[01], 0.[01]"):
        eager.quantize_dynamic(model(), {"0.1.0"}, mapping=MAPPING)


def test_a_class_without_a_dynamic_form() -> None:
    said = r"quantize_dynamic: '2' \(LayerNorm\): a qconfig is set, but the class has no form in 8 bits here. Remedy"
    with pytest.raises(QuantizationError, match=said):
        eager.quantize_dynamic(model(), {nn.LayerNorm}, mapping=MAPPING)


def test_nothing_to_quantize_is_said() -> None:
    with pytest.warns(UserWarning, match="quantize_dynamic: this Sequential has none of Linear; all of it stays"):
        eager.quantize_dynamic(nn.Sequential(nn.ReLU()), {nn.Linear}, mapping=MAPPING)


def test_what_is_no_qconfig() -> None:
    with pytest.raises(QuantizationError, match=r"the qconfig of 'Linear' is a builtins.int, expected "):
        eager.quantize_dynamic(model(), {nn.Linear: 8}, mapping=MAPPING)
    assert rounded(eager.quantize_dynamic(model(), {nn.Linear: QCONFIG}, mapping=MAPPING)) == {"0.0", "1"}
