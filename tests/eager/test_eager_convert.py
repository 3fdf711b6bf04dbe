"""Converting: what computes in 8 bits afterwards, what stays, and what is refused."""

import copy
import io
import re

import pytest
import torch
from eager_networks import FUSED, QCONFIG, Residual, Stubbed, calibrated, converted, images, integers, residual
from torch import nn

from octavo import eager
from octavo.eager import AlreadyConvertedError, NotCalibratedError, NotPreparedError
from octavo.nn import quantized
from octavo.nn.conversions import Conversions
from octavo.nn.errors import FloatInputError, QuantizationError
from octavo.nn.intrinsic import quantized as intrinsic_quantized
from octavo.nn.qtensor import QTensor
from octavo.numerics import sqnr
from octavo.qconfig import default_qat_qconfig


def test_every_observed_module_computes_in_8_bits(counted: Conversions) -> None:
    model, x = eager.fuse_modules(residual(), FUSED), images(16)
    q = converted(model, x)
    assert type(q.conv1) is intrinsic_quantized.ConvReLU2d and type(q.conv2) is quantized.Conv2d
    assert type(q.fc) is quantized.Linear and type(q.skip) is quantized.QFunctional
    assert sqnr(model(x), q(x)) > 30 and counted.total() == 0
    assert {name for name, module in q.named_modules() if getattr(module, "name", "") == name and name} == {
        "quant", "dequant", "conv1", "conv2", "skip", "fc",
    }  # fmt: skip
    assert not any(hasattr(module, "qconfig") for module in q.modules())


def test_the_prepared_model_is_left_alone_unless_in_place() -> None:
    prepared = calibrated(residual(), images())
    eager.convert(prepared)
    assert type(prepared.conv1) is nn.Conv2d
    assert eager.convert(prepared, inplace=True) is prepared and type(prepared.conv1) is quantized.Conv2d


def test_what_stays_in_float_loses_qconfig_and_observer() -> None:
    prepared = calibrated(Stubbed(nn.Conv2d(3, 3, 1), nn.ReLU()).eval(), images())
    kept = eager.convert(prepared, remove_qconfig=False)
    assert kept.body[1].qconfig == QCONFIG and not hasattr(eager.convert(prepared).body[1], "qconfig")


def test_layers_fused_to_train_convert_with_their_batch_norm_folded() -> None:
    model, x = residual(), images()
    folded = converted(eager.fuse_modules(model, FUSED), x)
    kept = converted(eager.fuse_modules_qat(model, FUSED), x)
    assert type(kept.conv1) is intrinsic_quantized.ConvReLU2d and type(kept.conv2) is quantized.Conv2d
    for name in ("conv1", "conv2"):
        assert torch.equal(folded.get_submodule(name).qweight, kept.get_submodule(name).qweight)
        assert torch.equal(folded.get_submodule(name).float_bias, kept.get_submodule(name).float_bias)


def test_a_trained_model_converts() -> None:
    layers = (nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 3), nn.Flatten(), nn.Linear(32, 5))
    model = eager.fuse_modules_qat(Stubbed(*layers), ["body.0", "body.1", "body.2"])
    model.qconfig = default_qat_qconfig
    prepared = eager.prepare_qat(model)
    for _ in range(3):
        prepared(images())
    x, q = images(), eager.convert(prepared.eval())
    assert type(q.body[0]) is intrinsic_quantized.ConvReLU2d and type(q.body[5]) is quantized.Linear
    with torch.no_grad():
        steps = (prepared(x) - q(x)).abs() / q.body[5].scale
    assert steps.max() < 1.01 and steps.mean() < 0.5


def test_shared_modules_stay_shared() -> None:
    conv = nn.Conv2d(3, 3, 1)
    q = converted(Stubbed(conv, nn.ReLU(), conv).eval(), images())
    assert q.body[0] is q.body[2] and type(q.body[0]) is quantized.Conv2d


def test_hooks_of_the_user_stay() -> None:
    model, seen = residual(), []
    model.fc.register_forward_hook(lambda module, args, y: seen.append(type(y)))
    q = converted(model, images())
    seen.clear()
    q(images())
    assert seen == [QTensor]


def test_copies_and_saved_states_compute_the_same() -> None:
    x = images()
    q = converted(eager.fuse_modules(residual(), FUSED), x)
    other = converted(eager.fuse_modules(residual(), FUSED), images(1))
    buffer = io.BytesIO()
    torch.save(q.state_dict(), buffer)
    other.load_state_dict(torch.load(io.BytesIO(buffer.getvalue()), weights_only=True))
    assert torch.equal(other(x), q(x)) and torch.equal(copy.deepcopy(q)(x), q(x))


def test_a_layer_by_itself_is_replaced_by_what_is_returned() -> None:
    layer, x = nn.Linear(4, 3).eval(), torch.randn(5, 4)
    prepared = calibrated(layer, x)
    assert type(eager.convert(prepared)) is quantized.Linear
    with pytest.raises(QuantizationError, match="convert: the model itself is a Linear, which nothing can take the pl"):
        eager.convert(prepared, inplace=True)


def test_layer_outputs_are_integers() -> None:
    x = images()
    outputs = integers(converted(eager.fuse_modules(residual(), FUSED), x), x)
    assert set(outputs) >= {"quant", "conv1", "conv2", "skip", "fc"}
    q, scale, zero_point = outputs["skip"][0]
    assert q.dtype == torch.uint8 and scale > 0 and zero_point == 0


def test_a_functional_that_calibration_never_reached() -> None:
    class Sometimes(Residual):
        shortcut = False

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.quant(x)
            y = self.conv1(x)
            return self.dequant(self.skip.add(y, y) if self.shortcut else y)

    model = Sometimes().eval()
    model.fc, model.conv2, model.bn1, model.bn2 = (nn.Identity() for _ in range(4))
    q = converted(model, images())
    q(images())
    q.shortcut = True
    said = r"module 'skip' \(QFunctional\) was never called while the model was calibrated, .* Remedy: calibrate with"
    with pytest.raises(QuantizationError, match=said):
        q(images())


def test_a_float_tensor_without_a_stub() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU()).eval()
    q = converted(model, images())
    said = r"module '0' \(QuantizedConv2d\) got a torch.float32 tensor of shape \[4, 3, 8, 8\], expected a QTensor in 8"
    with pytest.raises(FloatInputError, match=said + " bits; put a QuantStub before it"):
        q(images())


def test_before_calibration_every_module_is_named() -> None:
    model = residual()
    model.qconfig = QCONFIG
    said = "convert: the observers of 'quant', 'conv1', 'bn1', 'conv2', 'bn2', 'fc' have seen no tensor, .* Remedy: "
    with pytest.raises(NotCalibratedError, match=said + "run calibration data through the prepared model"):
        eager.convert(eager.prepare(model))


def test_a_module_that_calibration_never_reached() -> None:
    model = residual()
    model.unused = nn.Linear(2, 2)
    prepared = calibrated(model, images())
    with pytest.raises(NotCalibratedError, match="convert: the observers of 'unused' have seen no tensor"):
        eager.convert(prepared)
    prepared.unused.qconfig = None
    assert type(eager.convert(prepared).unused) is nn.Linear


def test_a_model_that_was_not_prepared() -> None:
    model = residual()
    said = "convert: no module of this Residual was prepared. Remedy: set its qconfig, call prepare"
    with pytest.raises(NotPreparedError, match=said):
        eager.convert(model)
    model.qconfig = QCONFIG
    eager.propagate_qconfig_(model)
    said = "convert: 'quant', .*'fc' have a qconfig, but no observer on their output. Remedy: call prepare"
    with pytest.raises(NotPreparedError, match=said):
        eager.convert(model)


def test_converting_twice() -> None:
    q = converted(residual(), images())
    said = "convert: the model is converted already: 'quant', 'conv1', 'bn1' and 4 more compute in 8 bits, .* Remedy"
    with pytest.raises(AlreadyConvertedError, match=said):
        eager.convert(q)


def test_reference_modules_are_refused() -> None:
    with pytest.raises(QuantizationError, match=re.escape("is_reference=True: there are no reference modules")):
        eager.convert(calibrated(residual(), images()), is_reference=True)


def test_a_failure_leaves_the_model_as_it_was() -> None:
    class Broken(quantized.Linear):
        @classmethod
        def from_float(cls, mod: nn.Module, use_precomputed_fake_quant: bool = False) -> quantized.Linear:
            raise ValueError("no")

    prepared = calibrated(residual(), images())
    table = {**eager.get_default_static_quant_module_mappings(), nn.Linear: Broken}
    with pytest.raises(ValueError, match="no"):
        eager.convert(prepared, table, inplace=True)
    assert type(prepared.conv1) is nn.Conv2d and type(prepared.fc) is nn.Linear
