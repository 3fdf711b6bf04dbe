"""Observe in training, round always."""

import copy
import io

import pytest
import torch
from torch import nn

from octavo import fake_quantize as fq
from octavo.fake_quantize import FakeQuantize, FixedQParamsFakeQuantize, FusedMovingAvgObsFakeQuantize
from octavo.numerics import dequantize, quantize
from octavo.observers import (
    HistogramObserver,
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    ObserverFactory,
    PlaceholderObserver,
)

_PER_CHANNEL = {"observer": MovingAveragePerChannelMinMaxObserver, "dtype": torch.qint8}
_SETTINGS = [
    {},
    {"observer": MinMaxObserver, "dtype": torch.qint8, "qscheme": torch.per_tensor_symmetric},
    {"observer": MovingAverageMinMaxObserver, "quant_min": 0, "quant_max": 15, "averaging_constant": 0.3},
    {**_PER_CHANNEL, "qscheme": torch.per_channel_symmetric, "ch_axis": 1},
    {"observer": HistogramObserver},
    {
        "observer": MovingAveragePerChannelMinMaxObserver, "dtype": torch.quint8,
        "qscheme": torch.per_channel_affine_float_qparams,
    },
]  # fmt: skip


def _batch(seed: int) -> torch.Tensor:
    return torch.randn(5, 6, generator=torch.Generator().manual_seed(seed)) * (seed + 1)


def _id(settings: dict) -> str:
    return "-".join(str(getattr(value, "__name__", value)) for value in settings.values())


@pytest.fixture(params=_SETTINGS, ids=_id)
def make(request: pytest.FixtureRequest) -> ObserverFactory:
    return FakeQuantize.with_args(**request.param)


@pytest.fixture
def module(make: ObserverFactory) -> FakeQuantize:
    return make()


def test_eval_uses_the_qparams_that_conversion_gets(module):
    for seed in range(3):
        module(_batch(seed))
    module.eval()
    x = _batch(3)
    qparams = module.qparams()
    assert torch.equal(module(x), dequantize(quantize(x, qparams), qparams))
    assert torch.equal(module.calculate_qparams()[0], module.scale)
    again = module.activation_post_process.qparams()
    assert torch.equal(again.scale, qparams.scale) and torch.equal(again.zero_point, qparams.zero_point)


def test_eval_and_a_frozen_observer_leave_the_range_alone(module):
    module(_batch(0))
    before = copy.deepcopy(module.state_dict())
    module.eval()
    module(_batch(5))
    module.train().disable_observer()
    module(_batch(6))
    module.enable_observer()
    after = module.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    module(_batch(7))
    assert not torch.equal(module.scale, before["scale"])


def test_before_the_first_batch_everything_passes(module):
    x = _batch(0)
    module.eval()
    assert module(x) is x
    module.train()
    assert module(torch.empty(5, 0)).shape == (5, 0)
    module.activation_post_process.name = "fc"
    with pytest.raises(RuntimeError, match=r"layer 'fc': no tensor was observed.* Remedy: .*train"):
        module.qparams()


def test_the_observer_may_be_calibrated_by_itself(module):
    module.eval()
    module.activation_post_process(_batch(0))
    assert torch.equal(module.qparams().scale, module.activation_post_process.qparams().scale)
    assert not torch.equal(module(_batch(0)), _batch(0))


def test_without_rounding_the_observer_still_sees(module):
    module.disable_fake_quant()
    x = _batch(0)
    assert module(x) is x and module.qparams().scale.numel() > 0
    module.enable_fake_quant()
    assert not torch.equal(module(x), x)


def test_gradient_is_one_inside_and_zero_outside():
    module = FakeQuantize(observer=MinMaxObserver)
    module(torch.tensor([-1.0, 1.0]))
    module.disable_observer()
    x = torch.tensor([-3.0, -1.0, 0.3, 1.0, 3.0], requires_grad=True)
    module(x).backward(torch.arange(1.0, 6.0))
    assert x.grad is not None and x.grad.tolist() == [0, 2, 3, 4, 0]


@pytest.mark.parametrize("stop", [0, 2])
def test_resumes_in_mid_training_from_a_file(make, module, stop):
    for seed in range(stop):
        module(_batch(seed))
    module.disable_fake_quant()
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    resumed = make()
    resumed.load_state_dict(torch.load(file, weights_only=True))
    for each in (module, resumed):
        each.enable_fake_quant()
    for seed in range(stop, stop + 2):
        assert torch.equal(module(_batch(seed)), resumed(_batch(seed)))
    assert all(torch.equal(value, resumed.state_dict()[key]) for key, value in module.state_dict().items())


def test_loaded_switches_hold():
    off = FakeQuantize()
    off(_batch(0))
    off.disable_fake_quant()
    off.disable_observer()
    on = FakeQuantize()
    on.load_state_dict(off.state_dict())
    x = _batch(3)
    assert on(x) is x and torch.equal(on.scale, off.scale)


def test_a_switch_written_by_hand_holds():
    module = FakeQuantize()
    module(_batch(0))
    module.fake_quant_enabled[0] = 0
    x = _batch(1)
    assert module(x) is x


def test_deepcopy_goes_its_own_way(module):
    module(_batch(0))
    other = copy.deepcopy(module)
    other(_batch(4))
    other.disable_fake_quant()
    assert not torch.equal(other.scale, module.scale)
    assert not torch.equal(module(_batch(0)), _batch(0))


def test_dynamic_qparams_are_those_of_each_tensor():
    module = fq.default_dynamic_fake_quant().eval()
    for seed in range(3):
        x = _batch(seed)
        low, high = x.aminmax()
        module(x)
        assert module.scale.item() == pytest.approx((high - low).item() / 255)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(module, dtype):
    x = _batch(0).to(dtype)
    y = module(x)
    qparams = module.qparams()
    assert y.dtype == dtype and qparams.scale.dtype == torch.float32
    assert torch.equal(y, dequantize(quantize(x.float(), qparams), qparams).to(dtype))


def test_under_autocast():
    layer, module = nn.Linear(6, 4), FakeQuantize()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = module(layer(_batch(0)))
    assert y.dtype == torch.bfloat16
    y.float().sum().backward()
    assert layer.weight.grad is not None and bool(layer.weight.grad.any())


def test_a_batch_that_is_not_finite_leaves_the_range():
    module = FakeQuantize()
    module(_batch(0))
    before = module.scale.clone()
    x = _batch(3)
    x[0, 0] = torch.inf
    module(x)
    assert torch.equal(module.scale, before)


def test_fixed_qparams_stay():
    module = fq.default_fixed_qparams_range_0to1_fake_quant()
    assert module(torch.tensor([0.5, 2.0, -1.0])).tolist() == [0.5, 255 / 256, 0.0]
    assert module.qparams().scale.item() == 1 / 256
    other = fq.default_fixed_qparams_range_0to1_fake_quant()
    other.load_state_dict(module.state_dict())
    assert other.eval()(torch.tensor([0.25])).tolist() == [0.25]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FakeQuantize(observer=PlaceholderObserver), "got the observer PlaceholderObserver, expected one that"),
        (lambda: FakeQuantize(observer=MinMaxObserver, dtype=torch.qint32), "got the observer int32"),
        (lambda: FakeQuantize(quant_min=0, quant_max=300), "quant_min, quant_max: got 0, 300"),
        (lambda: FusedMovingAvgObsFakeQuantize(observer=MinMaxObserver), "got MinMaxObserver, expected MovingAverage"),
        (lambda: FixedQParamsFakeQuantize(observer=MinMaxObserver), "expected FixedQParamsObserver"),
    ],
)
def test_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make()
