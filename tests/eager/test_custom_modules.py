"""Modules that the user observes and quantizes as a whole, and tables of the user's own."""

from __future__ import annotations

import pytest
import torch
from eager_networks import QCONFIG, Stubbed, calibrated, images
from torch import Tensor, nn

from octavo import eager
from octavo.nn import quantized
from octavo.nn.errors import QuantizationError
from octavo.nn.qtensor import QTensor
from octavo.nn.stubs import QuantWrapper


class Doubled(nn.Module):
    """Convolve and double."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) * 2


class ObservedDoubled(nn.Module):
    """The same, observed."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv

    @classmethod
    def from_float(cls, mod: Doubled) -> ObservedDoubled:
        return cls(mod.conv)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) * 2


class QuantizedDoubled(nn.Module):
    """The same, in 8 bits: the scale of the convolution's output is doubled."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    @classmethod
    def from_observed(cls, mod: ObservedDoubled) -> QuantizedDoubled:
        half = mod.activation_post_process.qparams()
        mod.conv.qconfig = mod.qconfig
        mod.conv.activation_post_process = mod.activation_post_process
        made = cls(quantized.Conv2d.from_float(mod.conv))
        made.conv.set_output(half.scale / 2, half.zero_point)
        return made

    def forward(self, x: QTensor) -> QTensor:
        y = self.conv(x)
        return QTensor(y.int_repr(), y.q_scale() * 2, y.q_zero_point())


PREPARE = {"float_to_observed_custom_module_class": {Doubled: ObservedDoubled}}
CONVERT = {"observed_to_quantized_custom_module_class": {ObservedDoubled: QuantizedDoubled}}


def test_a_custom_module_is_observed_and_quantized_as_a_whole() -> None:
    model, x = Stubbed(Doubled()).eval(), images()
    prepared = calibrated(model, x, prepare_custom_config_dict=PREPARE)
    assert type(prepared.body[0]) is ObservedDoubled and prepared.body[0].activation_post_process.has_seen()
    q = eager.convert(prepared, convert_custom_config_dict=CONVERT)
    assert type(q.body[0]) is QuantizedDoubled
    assert (q(x) - model(x)).abs().max() < 3 * q.body[0].conv.scale


def test_a_table_of_the_users_own() -> None:
    class Mine(quantized.Linear):
        pass

    prepared = calibrated(Stubbed(nn.Flatten(), nn.Linear(192, 2)).eval(), images())
    q = eager.convert(prepared, {**eager.get_default_static_quant_module_mappings(), nn.Linear: Mine})
    assert type(q.body[1]) is Mine and q.body[1].name == "body.1"


def test_a_single_module() -> None:
    prepared = calibrated(Stubbed(nn.Conv2d(3, 3, 1), nn.ReLU()).eval(), images())
    table = eager.get_default_static_quant_module_mappings()
    assert type(eager.swap_module(prepared.body[0], table, {})) is quantized.Conv2d
    assert eager.swap_module(prepared.body[1], table, {}) is prepared.body[1]
    prepared.body[0].qconfig = None
    assert eager.swap_module(prepared.body[0], table, {}) is prepared.body[0]


def test_stubs_around_single_modules() -> None:
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(nn.Conv2d(3, 3, 1)), nn.Conv2d(3, 3, 1)).eval()
    model.qconfig = QCONFIG
    model[2].qconfig = None
    eager.propagate_qconfig_(model)
    wrapped, x = eager.add_quant_dequant(model), images()
    assert type(wrapped[0]) is QuantWrapper and type(wrapped[1][0]) is QuantWrapper and type(wrapped[2]) is nn.Conv2d
    q = eager.convert(calibrated(wrapped, x))
    assert type(q[0].module) is quantized.Conv2d and q(x).dtype == torch.float32
    layer = nn.Linear(2, 2)
    layer.qconfig = QCONFIG
    assert type(eager.add_quant_dequant(layer)) is QuantWrapper


def test_tables_by_class() -> None:
    class Mine(nn.Module):
        pass

    assert eager.get_static_quant_module_class(nn.Conv2d) is quantized.Conv2d
    assert eager.get_static_quant_module_class(nn.Conv2d, {nn.Conv2d: Mine}) is Mine
    assert eager.get_dynamic_quant_module_class(nn.ReLU, {nn.ReLU: Mine}) is Mine
    with pytest.raises(QuantizationError, match=r"Bilinear has no static form in 8 bits; these have one: .*Conv2d, "):
        eager.get_static_quant_module_class(nn.Bilinear)
    with pytest.raises(QuantizationError, match="ReLU has no dynamic form in 8 bits; these have one: "):
        eager.get_dynamic_quant_module_class(nn.ReLU)


def test_functions_by_their_form_on_integers() -> None:
    form = eager.get_quantized_operator(nn.functional.relu)
    x = QTensor(torch.tensor([100, 200], dtype=torch.uint8), 0.1, 128)
    assert form(x).int_repr().tolist() == [128, 200]
    assert eager.get_default_float_to_quantized_operator_mappings()[nn.functional.relu] is form
    with pytest.raises(QuantizationError, match="bilinear has no form on integers; called with a QTensor"):
        eager.get_quantized_operator(nn.functional.bilinear)
