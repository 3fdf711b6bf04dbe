"""Preparing: where observers stand, and what is refused."""

import pytest
import torch
from eager_networks import FUSED, QCONFIG, Residual, Stubbed, calibrated, images, residual
from torch import nn

from octavo import eager
from octavo.eager import ModeError
from octavo.fake_quantize import FakeQuantizeBase
from octavo.nn import intrinsic, qat
from octavo.nn.errors import QuantizationError
from octavo.nn.qat import dynamic
from octavo.observers import HistogramObserver, MinMaxObserver, ObserverBase
from octavo.qconfig import QConfig, default_dynamic_qat_qconfig, get_default_qat_qconfig

QAT_QCONFIG = get_default_qat_qconfig("x86")


def observed(model: nn.Module) -> set[str]:
    """Name the modules whose output is observed."""
    kinds = (ObserverBase, FakeQuantizeBase)
    inner = ("activation_post_process", "weight_fake_quant")
    return {
        name
        for name, module in model.named_modules()
        if name.rpartition(".")[2] not in inner and isinstance(getattr(module, inner[0], None), kinds)
    }


def test_observers_stand_where_8_bits_will_come_out() -> None:
    model = eager.fuse_modules(residual(), FUSED)
    prepared = calibrated(model, images())
    assert observed(prepared) == {"quant", "conv1", "conv2", "skip", "fc"}
    assert isinstance(prepared.conv1.activation_post_process, HistogramObserver)
    assert prepared.conv1.activation_post_process.name == "conv1"
    assert all(prepared.get_submodule(name).activation_post_process.has_seen() for name in observed(prepared))


def test_the_model_given_is_left_alone_unless_in_place() -> None:
    model = residual()
    model.qconfig = QCONFIG
    assert not observed(model) and eager.prepare(model) is not model and not observed(model)
    assert eager.prepare(model, inplace=True) is model and observed(model)


def test_a_prepared_model_computes_the_same() -> None:
    model, x = residual(), images()
    want = model(x)
    assert torch.equal(calibrated(model, x)(x), want)


def test_preparing_twice_observes_once() -> None:
    prepared = calibrated(residual(), images())
    again = eager.prepare(prepared)
    assert observed(again) == observed(prepared)
    assert len(again.conv1._forward_hooks) == 1


def test_a_shared_module_is_observed_once() -> None:
    conv = nn.Conv2d(3, 3, 1)
    prepared = calibrated(Stubbed(conv, conv).eval(), images())
    assert prepared.body[0] is prepared.body[1] and len(prepared.body[0]._forward_hooks) == 1


def test_none_keeps_a_module_in_float() -> None:
    model = residual()
    model.conv2.qconfig = None
    assert "conv2" not in observed(calibrated(model, images()))


def test_a_qconfig_of_its_own() -> None:
    model = residual()
    model.fc.qconfig = QConfig(MinMaxObserver, QCONFIG.weight)
    prepared = calibrated(model, images())
    assert type(prepared.fc.activation_post_process) is MinMaxObserver
    assert type(prepared.conv1.activation_post_process) is HistogramObserver


def test_an_allow_list() -> None:
    assert observed(calibrated(residual(), images(), allow_list=[nn.Linear])) == {"fc"}


def test_modules_that_are_no_leaves() -> None:
    model = Stubbed(nn.Conv2d(3, 3, 1), nn.ReLU()).eval()
    prepared = calibrated(model, images(), observer_non_leaf_module_list=[nn.Sequential])
    assert observed(prepared) == {"quant", "body"}


def test_modules_left_alone_by_name() -> None:
    config = {"non_traceable_module_name": ["fc"]}
    assert "fc" not in observed(calibrated(residual(), images(), prepare_custom_config_dict=config))


def test_attention_that_stays_is_not_looked_into() -> None:
    prepared = calibrated(Stubbed(nn.Linear(4, 4), nn.Identity()).eval(), torch.randn(2, 4))
    model = nn.Sequential(prepared, nn.MultiheadAttention(4, 1)).eval()
    model.qconfig = QCONFIG
    stays = eager.prepare(model, prepare_custom_config_dict={"float_to_observed_custom_module_class": {}})
    assert not any(name.startswith("1") for name in observed(stays))
    assert "1.linear_Q" in observed(eager.prepare(model))


def test_training_mode() -> None:
    model = Residual()
    model.qconfig = QCONFIG
    said = (
        r"prepare: the model \(and the batch norms 'bn1', 'bn2'\) is in training mode; .* Remedy: call model.eval\(\)"
    )
    with pytest.raises(ModeError, match=said):
        eager.prepare(model)
    model.eval().bn2.train()
    with pytest.raises(ModeError, match="prepare: the batch norms 'bn2' are in training mode"):
        eager.prepare(model)


def test_no_qconfig_anywhere() -> None:
    said = r"prepare: no module of this Residual has a qconfig, .* Remedy: set model.qconfig = "
    with pytest.raises(QuantizationError, match=said):
        eager.prepare(residual())


def test_a_qconfig_on_a_class_without_8_bits() -> None:
    model = residual()
    model.qconfig = QCONFIG
    model.bilinear = nn.Bilinear(2, 2, 2)
    eager.prepare(model)
    model.bilinear.qconfig = QConfig(MinMaxObserver, QCONFIG.weight)
    said = r"prepare: 'bilinear' \(Bilinear\): a qconfig is set, but the class has no form in 8 bits here. Remedy: set "
    with pytest.raises(QuantizationError, match=said + "its qconfig to None"):
        eager.prepare(model)


def test_nothing_that_has_8_bits() -> None:
    model = nn.Sequential(nn.GRU(3, 4)).eval()
    model.qconfig = QCONFIG
    said = "prepare: no module of this Sequential that has a qconfig has a form in 8 bits. Remedy: .* quantize_dynamic"
    with pytest.raises(QuantizationError, match=said):
        eager.prepare(model)


def test_training_puts_fake_quantize_on_weights_and_outputs() -> None:
    model = eager.fuse_modules_qat(Residual(), FUSED)
    model.qconfig = QAT_QCONFIG
    prepared = eager.prepare_qat(model)
    assert type(prepared.conv1) is intrinsic.qat.ConvBnReLU2d and type(prepared.conv2) is intrinsic.qat.ConvBn2d
    assert type(prepared.fc) is qat.Linear and isinstance(prepared.fc.weight_fake_quant, FakeQuantizeBase)
    assert observed(prepared) == {"quant", "conv1", "conv2", "skip", "fc"}
    assert type(model.fc) is nn.Linear
    prepared(images()).sum().backward()
    assert prepared.conv1.weight.grad is not None and prepared.fc.weight.grad is not None


def test_functions_of_known_range_train_with_fixed_qparams() -> None:
    model = Stubbed(nn.Conv2d(3, 3, 1), nn.Sigmoid(), nn.Conv2d(3, 3, 1), nn.Tanh())
    model.qconfig = QAT_QCONFIG
    prepared = eager.prepare_qat(model)
    sigmoid, tanh = (prepared.body[i].activation_post_process.qparams() for i in (1, 3))
    assert (float(sigmoid.scale), int(sigmoid.zero_point)) == (1 / 256, 0)
    assert (float(tanh.scale), int(tanh.zero_point)) == (1 / 128, 128)


def test_what_is_dynamic_observes_its_input() -> None:
    model = nn.Sequential(nn.Linear(4, 2))
    model.qconfig = default_dynamic_qat_qconfig
    prepared = eager.prepare_qat(model, {nn.Linear: dynamic.Linear})
    prepared(torch.full((3, 4), 7.0))
    assert float(prepared[0].activation_post_process.activation_post_process.max_val) == 7.0


def test_training_in_evaluation_mode() -> None:
    model = residual()
    model.qconfig = QAT_QCONFIG
    said = r"prepare_qat: the model is in evaluation mode, expected training mode. Remedy: call model.train\(\) first"
    with pytest.raises(ModeError, match=said):
        eager.prepare_qat(model)


def test_training_without_a_qconfig() -> None:
    with pytest.raises(QuantizationError, match="prepare_qat: no module of this Residual has a qconfig"):
        eager.prepare_qat(Residual())


def test_a_layer_cannot_replace_itself_in_place() -> None:
    layer = nn.Linear(3, 4)
    layer.qconfig = QAT_QCONFIG
    said = "prepare_qat: the model itself is a Linear, .* Remedy: leave out inplace=True and use the module that"
    with pytest.raises(QuantizationError, match=said):
        eager.prepare_qat(layer, inplace=True)
    assert type(eager.prepare_qat(layer)) is qat.Linear
