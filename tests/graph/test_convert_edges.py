"""Layers that stay in float between int8 ones, and weights at the edge of what 8 bits can hold."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, conv, image, in_float, operators, quantize, run, sqnr_of
from torch import nn

from octavo.graph import ConversionError
from octavo.observers import MinMaxObserver
from octavo.qconfig import QConfig, default_static


class TestFloatLayers:
    """Layers that stay in float between int8 ones."""

    @pytest.mark.parametrize("kept", ["conv", "act", "pool", "sum"])
    def test_one_layer_kept_in_float_by_the_mapping(self, kept):
        def function(net, x):
            y = net.act(net.conv(net.first(x)))
            return net.last(net.sum(net.pool(y)))

        model = Network(
            function, first=conv(3, 4), conv=conv(4, 4), act=nn.LeakyReLU(0.1), pool=nn.AvgPool2d(2),
            sum=Network(lambda net, x: x * 0.5 + x), last=conv(4, 2),
        )  # fmt: skip
        x = image(8)
        conversion = quantize(model, x, mapping=default_static().set_module_name(kept, None))
        refused = {name.partition("@")[0] for name, reason in in_float(conversion).items() if "qconfig" in reason}
        assert refused == {kept} and {"first", "last"}.isdisjoint(in_float(conversion))
        assert sqnr_of(conversion, model, x) > 30

    def test_normalization_between_int8_layers(self):
        model = nn.Sequential(
            conv(3, 8), nn.GroupNorm(2, 8), nn.ReLU(), conv(8, 8), nn.PReLU(8), conv(8, 8), nn.LayerNorm(12),
            conv(8, 4), nn.InstanceNorm2d(4),
        )  # fmt: skip
        with torch.no_grad():
            model[4].weight.uniform_(-0.5, 0.5)
        x = image(8)
        conversion = quantize(model, x)
        assert list(in_float(conversion)) == ["1", "4", "6", "8"]
        assert "group_norm has no int8 form" in in_float(conversion).values()
        kinds = [kind for kind, _ in operators(conversion)]
        assert kinds.count("conv") == 4 and kinds.count("quantize") == 4 and "dequantize" not in kinds
        assert sqnr_of(conversion, model, x) > 31

    @pytest.mark.parametrize(
        "activation",
        [
            nn.ELU(0.5), nn.CELU(2.0), nn.SELU(), nn.Softplus(2.0, 5.0), nn.LeakyReLU(0.1), nn.Mish(), nn.LogSigmoid(),
            nn.GELU("tanh"), nn.PReLU(8), nn.Sigmoid(),
        ],
        ids=repr,
    )  # fmt: skip
    def test_activations_in_float_are_exact(self, activation):
        """A network without a layer runs in float from end to end."""
        x = image(channels=8) * 3
        assert sqnr_of(quantize(activation, x), activation, x) > 130

    def test_a_residual_and_its_activation_in_float(self):
        model = Network(lambda net, x: net.last(F.relu6(net.conv(x) + x)), conv=conv(3, 3), last=conv(3, 2))
        x = image()
        conversion = quantize(model, x, mapping=default_static().set_module_name("conv", None))
        kinds = [kind for kind, _ in operators(conversion)]
        assert kinds == ["conv", "add", "clamp", "quantize", "conv"]
        assert sqnr_of(conversion, model, x) > 34

    @pytest.mark.parametrize("shape", [(2, 3, 12, 12), (2, 3, 12), (4, 3)], ids=["2d", "1d", "features"])
    def test_numbers_after_the_last_layer(self, shape):
        layer = {4: nn.Conv2d(3, 4, 1), 3: nn.Conv1d(3, 4, 1), 2: nn.Linear(3, 4)}[len(shape)]
        model = Network(lambda net, x: torch.sigmoid(net.layer(x)) * 2 - 0.5, layer=layer)
        x = torch.randn(shape)
        conversion = quantize(model, x)
        assert set(in_float(conversion)) == {"function", "affine"}
        assert sqnr_of(conversion, model, x) > 36

    def test_an_accumulator_that_could_overflow_stays_in_float_and_is_reported(self):
        wide = nn.Linear(70000, 2)
        wide.weight.data.fill_(1.0)
        model = Network(lambda net, x: net.wide(net.conv(x).relu().flatten(1)), conv=nn.Conv1d(1, 1, 1), wide=wide)
        x = torch.rand(1, 1, 70000)
        conversion = quantize(model, x)
        (record,) = [layer for layer in conversion.layers if not layer.int8]
        assert record.name == "wide" and record.remedy
        assert "its accumulator could reach 22" in record.reason and "beyond int32" in record.reason
        assert [layer.name for layer in conversion.layers if layer.int8] == ["conv", "reshape"]
        assert sqnr_of(conversion, model, x) > 40


class TestHardWeights:
    """Weights at the edge."""

    @pytest.mark.parametrize("bias", [0.0, 3.0])
    def test_an_output_channel_of_zeros(self, bias):
        layer = conv(3, 4)
        layer.weight.data[1], layer.bias.data[1] = 0.0, bias
        model, x = nn.Sequential(layer, conv(4, 2)), image()
        conversion = quantize(model, x)
        assert sqnr_of(conversion, model, x) > 34
        constants = conversion.program.constants
        assert not constants["0.weight"][1].any() and math.isfinite(constants["0.weight_scale"][1])

    def test_a_layer_of_zeros(self):
        layer = conv(3, 4, bias=False)
        layer.weight.data.zero_()
        assert not run(quantize(nn.Sequential(layer, nn.ReLU()), image()), image()).any()

    def test_a_channel_that_is_almost_zero_beside_its_bias(self):
        layer = conv(3, 4)
        layer.weight.data[1], layer.bias.data[1] = 1e-30, 5.0
        model = nn.Sequential(layer, conv(4, 2))
        x = image()
        assert sqnr_of(quantize(model, x), model, x) > 34

    def test_integers_and_scales_are_what_the_program_says(self):
        layer = conv(3, 4)
        constants = quantize(layer, image()).program.constants
        weight, scale = constants["weight" if "weight" in constants else "conv.weight"], None
        scale = next(array for name, array in constants.items() if name.endswith("weight_scale"))
        assert weight.dtype == np.int8 and np.abs(weight.astype(int)).max(axis=(1, 2, 3)).tolist() == [127] * 4
        error = np.abs(weight * scale[:, None, None, None] - layer.weight.detach().numpy())
        assert (error <= scale[:, None, None, None] * 0.5001).all()


def test_a_qconfig_whose_weights_no_program_has_is_refused():
    activation = default_static().resolve("0", "conv").activation
    mapping = default_static().set_global(QConfig(activation, MinMaxObserver.with_args(dtype="uint8")))
    with pytest.raises(ConversionError, match="layer 'conv': its QConfig observes weights as uint8, per_tensor_affine"):
        quantize(Network(lambda net, x: net.conv(x), conv=conv(3, 4)), image(), mapping=mapping)


def test_weights_per_tensor():
    activation = default_static().resolve("0", "conv").activation
    weight = MinMaxObserver.with_args(dtype="int8", qscheme="per_tensor_symmetric")
    model = nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 2))
    x = image()
    conversion = quantize(model, x, mapping=default_static().set_global(QConfig(activation, weight)))
    assert len(set(conversion.program.constants["0.weight_scale"].tolist())) == 1
    assert sqnr_of(conversion, model, x) > 30
