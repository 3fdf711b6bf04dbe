"""Modules of torch.ao in a user's model: they become ours."""

import warnings

import pytest
import torch
from eager_networks import calibrated, images
from torch import Tensor, nn
from torch.ao import quantization as theirs
from torch.ao.nn import intrinsic as their_intrinsic
from torch.ao.nn import quantized as their_quantized

from octavo import eager
from octavo.eager.adopt import adopt
from octavo.nn import intrinsic, stubs
from octavo.nn.errors import QuantizationError
from octavo.nn.float_functional import FloatFunctional, FXFloatFunctional, QFunctional
from octavo.nn.intrinsic import quantized as intrinsic_quantized
from octavo.qconfig import get_default_qat_qconfig


class Foreign(nn.Module):
    """Built with the modules of torch.ao."""

    def __init__(self) -> None:
        super().__init__()
        self.quant, self.dequant = theirs.QuantStub(), theirs.DeQuantStub()
        self.conv, self.relu, self.add = nn.Conv2d(3, 4, 1), nn.ReLU(), their_quantized.FloatFunctional()

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.conv(self.quant(x)))
        return self.dequant(self.add.add(y, y))


def foreign() -> nn.Module:
    model = Foreign().eval()
    return theirs.fuse_modules(model, ["conv", "relu"])


def test_a_foreign_model_is_prepared_and_converted() -> None:
    model, x = foreign(), images()
    assert type(model.conv) is their_intrinsic.ConvReLU2d
    prepared = calibrated(model, x)
    assert type(prepared.quant) is stubs.QuantStub and type(prepared.dequant) is stubs.DeQuantStub
    assert type(prepared.conv) is intrinsic.ConvReLU2d and type(prepared.add) is FloatFunctional
    q = eager.convert(prepared)
    assert type(q.conv) is intrinsic_quantized.ConvReLU2d and type(q.add) is QFunctional
    assert (q(x) - model(x)).abs().max() < 5 * q.add.scale
    assert type(model.conv) is their_intrinsic.ConvReLU2d


def test_fusing_adopts() -> None:
    fused = eager.fuse_modules(Foreign().eval(), ["conv", "relu"])
    assert type(fused.conv) is intrinsic.ConvReLU2d and type(fused.quant) is stubs.QuantStub


def test_preparing_to_train_adopts() -> None:
    model = Foreign()
    model.qconfig = get_default_qat_qconfig("x86")
    assert type(eager.prepare_qat(model).quant) is stubs.QuantStub


def test_qconfig_mode_and_hooks_stay() -> None:
    model, seen = foreign(), []
    model.quant.qconfig = None
    model.conv.register_forward_hook(lambda module, args, y: seen.append(True))
    prepared = calibrated(model, images())
    assert prepared.quant.qconfig is None and seen and not prepared.quant.training


def parts(name: str) -> list[nn.Module]:
    """Make the parts of a fused module."""
    arguments = {"Conv": (2, 2, 1), "Line": (2, 2), "Batc": (2,)}
    return [part(*arguments.get(part.__name__[:4], ())) for part in getattr(intrinsic, name).parts]


@pytest.mark.parametrize("name", [name for name in intrinsic.__all__ if "Add" not in name])
def test_every_fused_module_has_a_counterpart(name: str) -> None:
    ours = adopt(nn.Sequential(getattr(their_intrinsic, name)(*parts(name))))[0]
    assert type(ours) is getattr(intrinsic, name)


def test_fused_sums_have_a_counterpart() -> None:
    conv, relu = nn.Conv2d(2, 2, 1), nn.ReLU()
    plus = their_intrinsic.ConvAdd2d(conv, torch.add)
    rectified = their_intrinsic.ConvAddReLU2d(conv, torch.add, relu)
    ours = adopt(nn.ModuleList([plus, rectified, their_quantized.FXFloatFunctional()]))
    assert [type(module) for module in ours] == [intrinsic.ConvAdd2d, intrinsic.ConvAddReLU2d, FXFloatFunctional]
    assert ours[1].relu is relu and ours[1].add is torch.add


def test_what_torch_ao_prepared_is_refused() -> None:
    model = foreign()
    model.qconfig = theirs.default_qconfig
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prepared = theirs.prepare(model)
    said = "module 'quant.activation_post_process' is a torch.ao.quantization.observer.MinMaxObserver, which torch.ao "
    with pytest.raises(QuantizationError, match=said + "made; expected a float model. Remedy: start from the model"):
        eager.convert(prepared)


def test_a_qconfig_of_torch_ao_is_refused() -> None:
    model = foreign()
    model.qconfig = theirs.default_qconfig
    said = "the qconfig of the model itself is a torch.ao.quantization.qconfig.QConfig, expected an octavo.qconfig"
    with pytest.raises(QuantizationError, match=said):
        eager.prepare(model)
