"""What programs are made of."""

import numpy as np
import pytest
import torch
from block_networks import NETWORKS
from small_networks import Network, conv, image, operators, quantize, run, sqnr_of
from torch import nn

from octavo.graph import calibrate, capture, convert, prepare
from octavo.program.types import QUANT_RANGE

MOVES = ("reshape", "permute", "slice", "pad", "max_pool", "concat", "channel_shuffle")


class TestStructure:
    """What a program is made of."""

    def test_a_chain_has_one_quantize_and_ends_in_float(self):
        model = nn.Sequential(conv(3, 4), nn.ReLU(), nn.MaxPool2d(2), conv(4, 4), nn.Sigmoid(), conv(4, 2))
        assert operators(quantize(model, image())) == [
            ("quantize", "input.quantize"), ("conv", "0"), ("max_pool", "2"), ("conv", "3"),
            ("table", "4"), ("conv", "5"),
        ]  # fmt: skip

    @pytest.mark.parametrize("name", NETWORKS)
    def test_nothing_is_dequantized_and_quantized_again(self, name):
        program = quantize(NETWORKS[name][0], image()).program
        made = {operator.outputs[0]: operator for operator in program.operators}
        for operator in program.operators:
            if operator.type == "quantize":
                before = made.get(operator.inputs[0])
                assert before is None or before.type != "dequantize", operator.name

    def test_a_value_that_is_returned_and_used_is_both(self):
        model = Network(lambda net, x: (lambda y: (y, net.b(y)))(net.a(x).relu()), a=conv(3, 4), b=conv(4, 2))
        x = image()
        conversion = quantize(model, x)
        assert [kind for kind, _ in operators(conversion)] == ["quantize", "conv", "conv", "dequantize"]
        assert sqnr_of(conversion, model, x) > 34

    def test_outputs_have_the_structure_that_the_model_gave_them(self):
        def function(net, x):
            y = net.a(x)
            return {"pair": (y, [net.b(y), None]), "again": y, "input": x}

        model, x = Network(function, a=conv(3, 4), b=conv(4, 2)), image()
        returned = run(quantize(model, x), x)
        assert list(returned) == ["pair", "again", "input"]
        first, (second, nothing) = returned["pair"]
        assert returned["again"] is first and nothing is None and isinstance(returned["pair"], tuple)
        assert first.shape == (2, 4, 12, 12) and second.shape == (2, 2, 12, 12)
        assert np.array_equal(returned["input"], x.numpy())

    def test_a_model_that_returns_its_input(self):
        x = image()
        conversion = quantize(nn.Identity(), x)
        assert conversion.program.operators == () and np.array_equal(run(conversion, x), x.numpy())

    def test_a_module_called_twice_has_two_operators(self):
        model = Network(lambda net, x: net.conv(net.conv(x).relu()), conv=conv(3, 3))
        x = image()
        conversion = quantize(model, x)
        assert operators(conversion)[1:] == [("conv", "conv"), ("conv", "conv@1")]
        assert sqnr_of(conversion, model, x) > 33

    def test_two_inputs_of_different_shape(self):
        model = Network(lambda net, x, y: net.a(x) + net.b(y), a=conv(3, 4), b=conv(5, 4))
        inputs = (image(2), image(2, channels=5))
        assert sqnr_of(quantize(model, *inputs), model, *inputs) > 34

    def test_a_fused_relu_is_a_saturation(self):
        program = quantize(nn.Sequential(conv(3, 4), nn.ReLU6(), conv(4, 2)), image() * 20).program
        layer = program.operators[1]
        value = program.values[layer.outputs[0]]
        low = layer.attributes.get("clamp_min", QUANT_RANGE["uint8"][0])
        high = layer.attributes.get("clamp_max", QUANT_RANGE["uint8"][1])
        assert low == value.zero_point and (high - value.zero_point) * value.scale == pytest.approx(6, abs=value.scale)

    def test_a_fused_relu_saturates_at_the_zero_point_that_it_shares_with_negative_values(self):
        layers = {"a": conv(3, 2), "b": conv(3, 2), "c": conv(4, 2)}
        model = Network(lambda net, x: net.c(torch.cat([net.a(x).relu(), net.b(x)], 1)), **layers)
        x = image()
        conversion = quantize(model, x)
        made = {operator.name: operator for operator in conversion.program.operators}
        zero_point = conversion.program.values[made["a"].outputs[0]].zero_point
        assert zero_point > 50 and made["a"].attributes["clamp_min"] == zero_point
        assert "clamp_min" not in made["b"].attributes
        assert sqnr_of(conversion, model, x) > 33

    def test_moving_operators_keep_the_qparams(self):
        program = quantize(NETWORKS["shuffle"][0], image()).program
        moving = [operator for operator in program.operators if operator.type in MOVES]
        assert {operator.type for operator in moving} == {"slice", "concat", "channel_shuffle"}
        for operator in moving:
            assert all(program.values[value] == program.values[operator.outputs[0]] for value in operator.inputs)

    def test_an_image_of_another_size_and_batch(self):
        model = nn.Sequential(conv(3, 4), nn.ReLU(), nn.MaxPool2d(2), conv(4, 4), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        conversion = quantize(model, image(1), data=[image(1), image(1, height=16, width=20)])
        assert sqnr_of(conversion, model, image(3, height=23, width=9)) > 30


def test_converting_changes_nothing_and_gives_the_same_again():
    model = NETWORKS["residual"][0]
    prepared = calibrate(prepare(capture(model, image())), [image()])
    first, second = convert(prepared, "test"), convert(prepared, "test")
    assert operators(first) == operators(second) and first.program.values == second.program.values
    pairs = zip(first.program.constants.items(), second.program.constants.items(), strict=True)
    assert all(a == b and np.array_equal(x, y) for (a, x), (b, y) in pairs)


def test_every_layer_has_a_record_that_names_what_was_folded_into_it():
    conversion = quantize(NETWORKS["residual"][0], image())
    assert [(layer.name, layer.int8, layer.fused) for layer in conversion.layers] == [
        ("conv1", True, ("bn1", "clamp")),
        ("conv2", True, ("bn2",)),
        ("down", True, ("add", "clamp@1")),
    ]
