"""Graph mode by its old names."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from octavo.graph import CalibrationError, CaptureError
from octavo.numerics import sqnr
from octavo.observers import HistogramObserver
from octavo.qconfig import QConfigMapping, get_default_qconfig, get_default_qconfig_mapping
from octavo.recipe import convert_fx, fuse_fx, prepare_fx


class Net(nn.Module):
    """A residual network with batch norms and a layer called twice."""

    tag = "a net"

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.block = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU())
        self.fc = nn.Linear(8 * 16, 5)
        nn.init.uniform_(self.bn1.running_var, 0.5, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Compute [n, 5] of [n, 3, 16, 16]."""
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.block(self.block(x)) + x)
        return self.fc(torch.flatten(nn.functional.adaptive_avg_pool2d(x, 4), 1))


@pytest.fixture
def model() -> Net:
    """Return the network."""
    torch.manual_seed(0)
    return Net().eval()


def images(count: int = 4, size: int = 16) -> Tensor:
    """Draw [count, 3, size, size]."""
    return torch.randn(count, 3, size, size)


def calibrated(model: nn.Module, mapping: QConfigMapping | dict | None = None, **custom: object) -> nn.Module:
    """Prepare a model and run data through it."""
    prepared = prepare_fx(model, get_default_qconfig_mapping() if mapping is None else mapping, (images(),), custom)
    torch.manual_seed(1)
    for _ in range(3):
        prepared(images())
    return prepared


def test_the_prepared_model_computes_what_the_float_model_does(model):
    x = images(7)
    prepared = prepare_fx(model, get_default_qconfig_mapping(), (images(1),))
    torch.testing.assert_close(prepared(x), model(x), rtol=1e-4, atol=1e-6)
    assert torch.equal(prepared(x=x), prepared(x))


def test_observers_and_weights_are_named_after_their_layers(model):
    prepared = calibrated(model)
    observers = {name for name, module in prepared.named_modules() if isinstance(module, HistogramObserver)}
    where = ["conv1", "block.0", "block.0@1", "fc", "x", "add"]
    assert observers == {f"{name}.activation_post_process" for name in where}
    assert {"conv1.weight", "block.0.weight", "fc.bias"} <= set(dict(prepared.named_parameters()))
    assert prepared.get_parameter("block.0@1.weight") is prepared.get_parameter("block.0.weight")
    assert prepared.get_parameter("fc.weight").data_ptr() != model.fc.weight.data_ptr()


def test_convert(model):
    quantized = convert_fx(calibrated(model))
    x = images(9)
    assert sqnr(model(x), quantized(x)) > 25
    assert all(layer.int8 for layer in quantized.layers)
    values = quantized.program.values
    (output,) = quantized.program.outputs
    (last,) = (o for o in quantized.program.operators if o.name == "fc")
    assert values[last.outputs[0]].dtype == "uint8" and values[output].dtype == "float32"
    assert [o.type for o in quantized.program.operators if o.name.startswith("add")] == ["add"]
    report = quantized.report(0.05)
    assert report.sqnr_db is not None and report.sqnr_db > 25


def test_rounding_only_where_it_must_leaves_the_last_layer_in_float(model):
    quantized = convert_fx(calibrated(model, layerwise=False))
    assert quantized.program.outputs == ("fc",)
    assert "dequantize" not in {operator.type for operator in quantized.program.operators}


def test_a_dictionary_in_the_old_style(model):
    qconfig = get_default_qconfig("qnnpack")
    mapping = {"": qconfig, "object_type": [(nn.Linear, None)], "module_name": [("conv1", None)]}
    quantized = convert_fx(calibrated(model, mapping))
    assert {layer.name for layer in quantized.layers if not layer.int8} == {"conv1", "fc"}
    assert {layer.name for layer in convert_fx(calibrated(model, {})).layers if layer.int8} == set()


@pytest.mark.parametrize("again", ["copy", "state_dict"])
def test_a_prepared_model_can_be_copied_and_loaded(model, again):
    prepared = calibrated(model)
    x = images(3)
    if again == "copy":
        other = copy.deepcopy(prepared)
    else:
        other = prepare_fx(Net().eval(), get_default_qconfig_mapping(), (images(),))
        other.load_state_dict(prepared.state_dict())
    assert torch.equal(convert_fx(other)(x), convert_fx(prepared)(x))


def test_attributes_are_preserved(model):
    prepared = calibrated(model, preserved_attributes=["tag"])
    assert prepared.tag == "a net"
    assert convert_fx(prepared, {"preserved_attributes": ["tag"]}).tag == "a net"


def test_fused_model(model):
    fused = fuse_fx(model)
    for batch in (2, 5):
        x = images(batch)
        torch.testing.assert_close(fused(x), model(x), rtol=1e-4, atol=1e-6)
    captured = fused._fused[0]
    assert [node.name for node in captured.graph.nodes if node.type == "conv"] == ["conv1", "block.0", "block.0@1"]
    assert prepare_fx(fused, get_default_qconfig_mapping(), (images(),)).graph.nodes[0].name == "conv1"


class TestErrors:
    """What goes wrong, and what is said about it."""

    def test_convert_before_calibration(self, model):
        prepared = prepare_fx(model, get_default_qconfig_mapping(), (images(),))
        with pytest.raises(CalibrationError, match=r"convert_fx: layer 'x': .* no tensor was observed"):
            convert_fx(prepared)

    def test_training_mode(self, model):
        with pytest.raises(ValueError, match=r"prepare_fx: the model is in training mode.*prepare_qat_fx"):
            prepare_fx(model.train(), get_default_qconfig_mapping(), (images(),))

    def test_convert_twice(self, model):
        with pytest.raises(TypeError, match="got a QuantizedModel, which is converted already"):
            convert_fx(convert_fx(calibrated(model)))

    def test_convert_of_a_float_model(self, model):
        with pytest.raises(TypeError, match="got a Net, expected what prepare_fx"):
            convert_fx(model)

    def test_unknown_settings(self, model):
        with pytest.raises(ValueError, match="prepare_custom_config: got 'float_to_observed'"):
            prepare_fx(model, None, (images(),), {"float_to_observed": {}})
        with pytest.raises(ValueError, match="backend_config has no meaning here"):
            prepare_fx(model, None, (images(),), backend_config=object())

    def test_wrong_sizes(self, model):
        prepared = prepare_fx(model, get_default_qconfig_mapping(), (images(),))
        with pytest.raises(CalibrationError, match=r"the input, input 'x' has shape .*dynamic_shapes"):
            prepared(images(2, size=17))

    def test_what_export_refuses(self):
        class Branch(nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return x if x.sum() > 0 else -x

        with pytest.raises(CaptureError, match="could not capture Branch"):
            prepare_fx(Branch().eval(), get_default_qconfig_mapping(), (images(),))

    def test_numbers_that_are_not_finite(self, model):
        prepared = prepare_fx(model, get_default_qconfig_mapping(), (images(),))
        x = images()
        x[0, 0, 0, 0] = float("nan")
        with pytest.raises(CalibrationError, match=r"1 of 3072 values that layer 'x' computes are NaN or infinite"):
            prepared(x)
