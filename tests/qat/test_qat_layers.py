"""Each layer in training for 8 bits is its float module with a rounded weight."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from tests.qat.qat_layers import LAYERS, NORMED, PER_TENSOR, Layer
from torch import Tensor, nn

from octavo import fake_quantize as fq

# A weight that is scaled before the layer and unscaled after it, or a batch norm folded into it, is the same up to the
# rounding of float32 sums of 36 to 108 products.
CLOSE: dict[str, Any] = {"rtol": 2e-5, "atol": 2e-5}


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> Layer:
    return LAYERS[request.param]


@pytest.fixture(params=NORMED)
def normed(request: pytest.FixtureRequest) -> Layer:
    return LAYERS[request.param]


def _gradients(module: Any, inputs: tuple[Tensor, ...]) -> tuple[Tensor, list[Tensor]]:
    """Run forward and backward; return the output and the gradients of inputs and parameters, by shape and order."""
    leaves = [x.clone().requires_grad_() if x.is_floating_point() else x for x in inputs]
    y = module(*leaves)
    (y * torch.linspace(-1, 1, y.numel()).view(y.shape)).sum().backward()
    wanted = [*(x for x in leaves if x.is_floating_point()), *module.parameters()]
    return y.detach(), [x.grad for x in wanted if x.grad is not None]


def test_without_rounding_it_is_the_float_module_in_training(layer: Layer) -> None:
    module, trained = layer.pair()
    trained.apply(fq.disable_fake_quant)
    for seed in range(3):
        for each in (module, trained):
            each.zero_grad()
        (y, grads), (got, got_grads) = (_gradients(each, layer.inputs(seed)) for each in (module, trained))
        torch.testing.assert_close(got, y, **CLOSE)
        assert len(grads) == len(got_grads) > 0
        for a, b in zip(grads, got_grads, strict=True):
            # Batch norm divides gradients by sigma: their sums over the batch cancel, what stays has its rounding.
            torch.testing.assert_close(b, a, rtol=1e-4, atol=1e-4)


def test_running_statistics_move_alike(normed: Layer) -> None:
    module, trained = normed.pair()
    trained.apply(fq.disable_fake_quant)
    for seed in range(3):
        module(*normed.inputs(seed))
        trained(*normed.inputs(seed))
    torch.testing.assert_close(trained.bn.running_mean, module[1].running_mean, **CLOSE)
    torch.testing.assert_close(trained.bn.running_var, module[1].running_var, **CLOSE)
    assert trained.bn.num_batches_tracked == module[1].num_batches_tracked == 3


def test_without_rounding_it_is_the_float_module_in_evaluation(layer: Layer) -> None:
    module, trained = layer.pair()
    trained.apply(fq.disable_fake_quant)
    for each in (module, trained):
        each.eval()
    torch.testing.assert_close(trained(*layer.inputs()), module(*layer.inputs()), **CLOSE)


@pytest.mark.parametrize("qconfig", [None, PER_TENSOR], ids=["per channel", "per tensor"])
def test_gradients_are_those_of_the_formula(normed: Layer, qconfig: Any) -> None:
    _, trained = normed.pair(qconfig=qconfig)
    twin = copy.deepcopy(trained)
    norm = twin.bn
    f = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()

    def formula(x: Tensor) -> Tensor:
        rows = twin.weight * f.view(-1, *[1] * (twin.weight.dim() - 1))
        rounded = rows + (twin.weight_fake_quant(rows.detach()) - rows).detach()
        y = nn.functional.linear(x, rounded) if isinstance(twin, nn.Linear) else twin._conv_forward(x, rounded, None)
        view = (1, -1, *[1] * (y.dim() - 2))
        y = y / f.view(view)
        y = norm(y if twin.bias is None else y + twin.bias.view(view))
        return y.relu() if getattr(twin, "rectified", False) else y

    class Formula(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = twin

        def forward(self, x: Tensor) -> Tensor:
            return formula(x)

    (y, grads), (got, got_grads) = (_gradients(each, normed.inputs()) for each in (Formula(), trained))
    torch.testing.assert_close(got, y, **CLOSE)
    assert not torch.equal(trained.weight_fake_quant(trained.weight), trained.weight), "nothing was rounded"
    for a, b in zip(grads, got_grads, strict=True):
        torch.testing.assert_close(b, a, rtol=1e-4, atol=1e-4)


def test_shares_parameters_and_statistics(layer: Layer) -> None:
    module = layer.float_module()
    trained = layer.trained.from_float(module)
    theirs = dict(module.named_parameters()) | dict(module.named_buffers())
    ours = dict(trained.named_parameters()) | dict(trained.named_buffers())
    shared = {id(tensor) for tensor in theirs.values()}
    kept = {key for key, tensor in ours.items() if id(tensor) in shared}
    assert kept == {key for key in ours if "fake_quant" not in key} and len(kept) == len(theirs)
    assert trained.training and trained.qconfig is layer.qconfig


def test_to_float_computes_the_same(layer: Layer) -> None:
    _, trained = layer.pair()
    trained(*layer.inputs())
    trained.apply(fq.disable_fake_quant).eval()
    back = trained.to_float()
    assert not back.training and not any("fake_quant" in name for name, _ in back.named_modules())
    torch.testing.assert_close(back(*layer.inputs(1)), trained(*layer.inputs(1)), **CLOSE)


def test_deepcopy_goes_its_own_way(layer: Layer) -> None:
    _, trained = layer.pair()
    trained(*layer.inputs())
    other = copy.deepcopy(trained)
    assert torch.equal(other.eval()(*layer.inputs(1)), trained.eval()(*layer.inputs(1)))
    before = copy.deepcopy(trained.state_dict())
    other.train()
    with torch.no_grad():
        other.weight.mul_(2)
    other(*layer.inputs(1))
    assert all(torch.equal(value, before[key]) for key, value in trained.state_dict().items())


def test_bfloat16_under_autocast(layer: Layer) -> None:
    _, trained = layer.pair()
    inputs = layer.inputs()
    y = trained(*inputs)
    twin = copy.deepcopy(trained)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = twin(*inputs)
    # bfloat16 has 8 bits: 2⁻⁸ of the largest terms of a sum, which batch norm divides by a sigma of about 1.
    torch.testing.assert_close(got.float(), y, rtol=0.05, atol=0.1)
    got.float().square().sum().backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in twin.parameters())
    assert twin.weight.grad is not None and twin.weight.dtype == torch.float32


def test_shows_its_class_and_sizes(layer: Layer) -> None:
    module, trained = layer.pair()
    text = repr(trained)
    first = module[0] if isinstance(module, nn.Sequential) else module
    assert text.startswith(f"{layer.trained.__name__}(") and first.extra_repr() in text
    assert "(weight_fake_quant): " in text and ("(bn): BatchNorm" in text) == hasattr(trained, "bn")


@pytest.mark.filterwarnings("ignore:.*should not be instantiated")  # torch's own, while it traces an autograd function
@pytest.mark.parametrize("name", ["Conv2d", "ConvBn2d", "ConvBnReLU2d", "LinearReLU", "LinearBn1d"])
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled_it_computes_the_same(name: str, backend: str) -> None:
    torch._dynamo.reset()
    _, trained = LAYERS[name].pair()
    trained(*LAYERS[name].inputs())
    twin = copy.deepcopy(trained)
    compiled = torch.compile(twin, backend=backend)
    for seed in range(2):
        (y, grads), (got, got_grads) = (_gradients(each, LAYERS[name].inputs(seed)) for each in (trained, compiled))
        assert torch.equal(y, got)
        for a, b in zip(grads, got_grads, strict=True):
            # The backward pass is traced, and sums in another order.
            torch.testing.assert_close(b, a, rtol=1e-5, atol=1e-5)
    state = twin.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in trained.state_dict().items())
    assert torch.equal(trained.eval()(*LAYERS[name].inputs(2)), compiled.eval()(*LAYERS[name].inputs(2)))


@pytest.mark.parametrize("name", LAYERS)
def test_refuses_other_classes_and_no_qconfig(name: str) -> None:
    module = LAYERS[name].float_module()
    with pytest.raises(TypeError, match="from_float: got a BatchNorm2d, expected a"):
        LAYERS[name].trained.from_float(nn.BatchNorm2d(3))
    module.qconfig = None
    with pytest.raises(ValueError, match=r"has no qconfig; set mod\.qconfig, or call prepare_qat"):
        LAYERS[name].trained.from_float(module)
