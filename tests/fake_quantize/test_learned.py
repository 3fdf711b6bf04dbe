"""A scale that training moves."""

import copy
import io

import pytest
import torch
from torch import nn

from octavo.fake_quantize import LearnedFakeQuantize
from octavo.numerics import dequantize, quantize
from octavo.observers import MinMaxObserver, PerChannelMinMaxObserver

_PER_CHANNEL = LearnedFakeQuantize.with_args(observer=PerChannelMinMaxObserver, channels=5)
_PER_TENSOR = LearnedFakeQuantize.with_args(observer=MinMaxObserver, learn_zero_point=True)
_FACTORIES = {"per channel": _PER_CHANNEL, "per tensor": _PER_TENSOR}


def _x(seed: int = 0) -> torch.Tensor:
    return torch.randn(5, 6, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=_FACTORIES)
def factory(request: pytest.FixtureRequest):
    return _FACTORIES[request.param]


def test_first_enabled_step_takes_the_observer_s_qparams(factory):
    module = factory()
    parameter = module.scale
    assert module.eval()(_x()) is not None and not module.initialized.any()
    module.train().disable_observer()
    x = _x()
    assert module(x) is x
    module.enable_observer()
    module(x)
    assert module.scale is parameter and isinstance(parameter, nn.Parameter)
    expected = module.activation_post_process.qparams()
    assert torch.equal(module.qparams().scale, expected.scale)
    assert torch.equal(module.qparams().zero_point, expected.zero_point)
    module(_x(1) * 10)
    assert torch.equal(module.qparams().scale, expected.scale), "only the optimizer moves it now"


def test_eval_uses_the_qparams_that_conversion_gets(factory):
    module = factory()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    for seed in range(3):
        optimizer.zero_grad()
        module(_x(seed)).square().sum().backward()
        optimizer.step()
    module.eval()
    x, qparams = _x(3), module.qparams()
    assert torch.equal(module(x), dequantize(quantize(x, qparams), qparams))


def test_training_finds_a_better_scale_than_the_range():
    x = torch.randn(4000, generator=torch.Generator().manual_seed(0))
    module = LearnedFakeQuantize(observer=MinMaxObserver, quant_min=0, quant_max=15, learn_zero_point=True)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.003)
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        loss = (module(x) - x).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_a_step_across_zero_does_no_harm():
    module = LearnedFakeQuantize(observer=MinMaxObserver)
    module(_x())
    with torch.no_grad():
        module.scale.neg_()
    assert module.qparams().scale.item() > 0
    assert (module(_x()) - _x()).abs().max() <= module.qparams().scale


def test_zero_point_stays_an_integer_of_the_range():
    module = _PER_TENSOR()
    module(_x())
    with torch.no_grad():
        module.zero_point.fill_(300.7)
    assert module.qparams().zero_point.item() == 255


def test_resumes_in_mid_training_from_a_file(factory):
    for trained in (False, True):
        module, resumed = factory(), factory()
        if trained:
            module(_x())
        file = io.BytesIO()
        torch.save(module.state_dict(), file)
        file.seek(0)
        resumed.load_state_dict(torch.load(file, weights_only=True))
        assert torch.equal(module(_x(1)), resumed(_x(1)))
        assert torch.equal(copy.deepcopy(module)(_x(2)), module(_x(2)))


def test_half_precision_under_autocast(factory):
    module = factory()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = module(_x().bfloat16())
    assert y.dtype == torch.bfloat16
    y.float().sum().backward()
    assert module.scale.grad is not None and module.scale.grad.dtype == torch.float32


def test_not_observed_is_an_error(factory):
    module = factory()
    module.name = "features.0"
    with pytest.raises(RuntimeError, match=r"layer 'features\.0': no tensor was observed"):
        module.qparams()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": 3}, "got channels=3 with per_tensor_affine, expected None"),
        ({"qscheme": "per_tensor_symmetric", "learn_zero_point": True}, "which fixes zero_point"),
    ],
)
def test_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        LearnedFakeQuantize(**settings)


def test_refuses_other_channels():
    module = _PER_CHANNEL()
    with pytest.raises(ValueError, match="scale has 5 entries, the tensor of shape"):
        module(torch.randn(4, 6))


def test_the_number_of_channels_may_follow():
    module = LearnedFakeQuantize(observer=PerChannelMinMaxObserver)
    with pytest.raises(ValueError, match=r"the number of scales to train is not known.* Remedy"):
        module(_x())
    module.set_channels(5)
    told = _PER_CHANNEL()
    assert torch.equal(module(_x()), told(_x())) and torch.equal(module.scale, told.scale)
    module.set_channels(5)
    for other, has in ((module, "5 scales"), (_PER_TENSOR(), "one scale for all")):
        with pytest.raises(ValueError, match=f"set_channels\\(4\\) where there is {has}"):
            other.set_channels(4)
