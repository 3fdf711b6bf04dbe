"""What runs in int8, what does not and why, and where the observers are."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, batch_norm, conv, image
from torch import nn

from octavo.graph import ConversionError, capture, prepare
from octavo.observers import HistogramObserver, MinMaxObserver, PerChannelMinMaxObserver
from octavo.qconfig import QConfig, default_static


def prepared(model, *inputs, mapping=None):
    return prepare(capture(model.eval(), inputs), mapping)


def in_float(ready):
    return {name: decision.reason for name, decision in ready.decisions.items() if not decision.int8}


def test_every_value_that_an_int8_layer_reads_or_makes_has_an_observer_named_after_its_layer():
    ready = prepared(nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 4), nn.Sigmoid(), conv(4, 2)), image())
    assert {root: observer.name for root, observer in ready.observers.items()} == {
        "input": "input", "0": "0", "2": "2", "3": "3",
    }  # fmt: skip
    assert ready.watched == {"input", "0", "2", "3"} and ready.samples == 0
    assert in_float(ready) == {}


def test_observers_are_those_of_the_qconfig():
    ready = prepared(nn.Sequential(conv(3, 4), conv(4, 4)), image())
    assert {type(observer) for observer in ready.observers.values()} == {HistogramObserver}
    mapping = default_static().set_module_name("1", default_static("min_max").resolve("1", "conv"))
    ready = prepared(nn.Sequential(conv(3, 4), conv(4, 4), conv(4, 4)), image(), mapping=mapping)
    kinds = {root: type(observer) for root, observer in ready.observers.items()}
    assert kinds == {"input": HistogramObserver, "0": HistogramObserver, "1": MinMaxObserver}


class TestPlacement:
    """Which layers run in float, and the reason that is given."""

    def test_none_keeps_a_layer_in_float_and_its_neighbours_in_int8(self):
        mapping = default_static().set_module_name("1", None)
        ready = prepared(nn.Sequential(conv(3, 4), conv(4, 4), conv(4, 2)), image(), mapping=mapping)
        assert in_float(ready) == {"1": "its qconfig is None"}
        assert ready.decisions["1"].remedy == "give it a QConfig in the QConfigMapping"

    def test_none_holds_for_every_call_of_a_module(self):
        mapping = default_static().set_module_name("conv", None)
        model = Network(lambda net, x: net.last(net.conv(net.conv(x))), conv=conv(3, 3), last=conv(3, 3))
        assert set(in_float(prepared(model, image(), mapping=mapping))) == {"conv", "conv@1"}

    def test_none_for_all_leaves_nothing_in_int8(self):
        ready = prepared(nn.Sequential(conv(3, 4), nn.ReLU()), image(), mapping=default_static().set_global(None))
        assert set(in_float(ready)) == {"0"} and ready.observers == {}

    def test_a_network_without_layers_stays_in_float(self):
        ready = prepared(Network(lambda net, x: F.max_pool2d(x, 2) + 1), image())
        assert set(in_float(ready).values()) == {"no int8 layer with weights is connected to it"}

    def test_softmax_and_logarithm_stay_in_float(self):
        model = nn.Sequential(nn.Linear(5, 4), nn.LogSoftmax(1))
        reasons = in_float(prepared(model, torch.randn(2, 5)))
        assert reasons == {"1": "log_softmax has no int8 form"}
        reasons = in_float(prepared(Network(lambda net, x: net.fc(x).log(), fc=nn.Linear(5, 4)), torch.randn(2, 5)))
        assert reasons == {"function": "8 bits cannot hold the range of log"}

    def test_what_follows_the_last_layer_runs_on_its_float_output(self):
        model = Network(lambda net, x: torch.sigmoid(net.conv(x)).flatten(1), conv=conv(3, 4))
        ready = prepared(model, image())
        assert set(in_float(ready)) == {"function", "reshape"}
        assert "last int8 layer" in in_float(ready)["function"]
        assert set(ready.observers) == {ready.graph.inputs[0].name}

    def test_what_is_read_in_int8_as_well_is_not_the_end(self):
        def function(net, x):
            y = torch.sigmoid(net.a(x))
            return y.flatten(1), net.b(y)

        ready = prepared(Network(function, a=conv(3, 4), b=conv(4, 2)), image())
        assert in_float(ready) == {}

    def test_squeeze_and_excitation_runs_in_int8(self):
        def function(net, x):
            y = net.conv(x)
            gate = torch.sigmoid(net.expand(F.relu(net.squeeze(F.adaptive_avg_pool2d(y, 1)))))
            return net.last(y * gate)

        model = Network(function, conv=conv(3, 8), squeeze=conv(8, 2, 1), expand=conv(2, 8, 1), last=conv(8, 4, 1))
        assert in_float(prepared(model, image())) == {}

    def test_a_function_without_qconfig_runs_in_float(self):
        mapping = default_static().set_module_name("1", None)
        ready = prepared(nn.Sequential(conv(3, 4), nn.ELU(), conv(4, 4)), image(), mapping=mapping)
        assert in_float(ready) == {"1": "its qconfig is None"}


class TestWeights:
    """Numbers that are not finite."""

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    def test_in_a_weight(self, bad):
        model = nn.Sequential(conv(3, 4), conv(4, 4))
        model[1].weight.data[2, 0, 1] = bad
        with pytest.raises(ConversionError, match="layer '1': 3 of 144 values of its weight are NaN or infinite"):
            prepared(model, image())

    def test_in_a_batch_norm_that_was_folded(self):
        model = nn.Sequential(conv(3, 4), batch_norm(4))
        model[1].running_var[0] = -1.0
        with pytest.raises(ConversionError, match=r"layer '0' \(with 1 folded in\): 27 of 108 values of its weight"):
            prepared(model, image())


@pytest.mark.parametrize(
    "activation",
    [PerChannelMinMaxObserver.with_args(), HistogramObserver.with_args(dtype="int32")],
    ids=["per channel", "int32"],
)
def test_a_qconfig_whose_activations_no_program_has_is_refused(activation):
    weight = default_static("min_max").resolve("0", "conv").weight
    mapping = default_static().set_global(QConfig(activation, weight))
    with pytest.raises((ConversionError, ValueError), match="uint8"):
        prepared(conv(3, 4), image(), mapping=mapping)


class TestLayerwise:
    """Each layer's output rounded on its own."""

    def test_sums_and_the_last_layer_have_8_bits_and_averages_keep_their_qparams(self):
        model = Network(
            lambda net, x: net.last(F.avg_pool2d(net.a(x) + net.b(x), 2).flatten(1)),
            a=conv(3, 4), b=conv(3, 4), last=nn.Linear(4 * 36, 2),
        )  # fmt: skip
        captured = capture(model.eval(), (image(),))
        ready = prepare(captured, layerwise=True)
        assert {observer.name for observer in ready.observers.values()} == {"inputs_0", "a", "b", "add", "last"}
        assert ready.groups["avg_pool"] == "add" and "avg_pool" not in ready.watched
        assert {observer.name for observer in prepare(captured).observers.values()} == {
            "inputs_0",
            "a",
            "b",
            "avg_pool",
        }
