"""What every observer does."""

import io
import math

import pytest
import torch

from octavo.observers import (
    HistogramObserver,
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    Observer,
    PerChannelMinMaxObserver,
)

_OBSERVERS = [MinMaxObserver, MovingAverageMinMaxObserver, PerChannelMinMaxObserver, HistogramObserver]


def _batch(seed: int) -> torch.Tensor:
    return torch.randn(4, 6, 5, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=_OBSERVERS, ids=lambda observer: observer.__name__)
def observer(request: pytest.FixtureRequest) -> Observer:
    made = request.param()
    made.name = "features.3.conv"
    return made


def test_passes_its_input_through(observer):
    x = _batch(0).requires_grad_()
    assert observer(x) is x


def test_qparams_are_its_settings(observer):
    observer(_batch(0))
    qparams = observer.qparams()
    scale, zero_point = observer.calculate_qparams()
    assert torch.equal(qparams.scale, scale) and torch.equal(qparams.zero_point, zero_point)
    assert scale.dtype == torch.float32 and zero_point.dtype == torch.int32
    assert (qparams.dtype, qparams.qscheme) == (observer.dtype, observer.qscheme)
    assert (qparams.quant_min, qparams.quant_max) == (observer.quant_min, observer.quant_max)


def test_never_observed_is_an_error(observer):
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"layer 'features\.3\.conv'.*no tensor was observed.*Remedy"):
            observer.calculate_qparams()
        observer(torch.empty(0, 6, 5))  # nothing to see
    observer(_batch(0))
    observer.reset_min_max_vals()
    with pytest.raises(RuntimeError, match="no tensor was observed"):
        observer.calculate_qparams()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("position", [0, 77, -1])
def test_non_finite_is_an_error_and_changes_nothing(observer, bad, position):
    for seen in (False, True):
        if seen:
            observer(_batch(0))
        before = {key: value.clone() for key, value in observer.state_dict().items()}
        x = _batch(1) * 3
        x.view(-1)[position] = bad
        with pytest.raises(ValueError, match=r"layer 'features\.3\.conv': 1 of 120 .* NaN or infinite.*Remedy"):
            observer(x)
        assert all(torch.equal(value, before[key]) for key, value in observer.state_dict().items())


def test_error_without_a_name_gives_the_class(observer):
    observer.name = ""
    with pytest.raises(ValueError, match=type(observer).__name__):
        observer(torch.full((3, 3), math.nan))


def test_state_dict_round_trip(observer):
    observer(_batch(0))
    observer(_batch(1) * 2)
    file = io.BytesIO()
    torch.save(observer.state_dict(), file)
    file.seek(0)
    other = type(observer)()
    other.load_state_dict(torch.load(file))
    assert torch.equal(other.calculate_qparams()[0], observer.calculate_qparams()[0])
    for each in (observer, other):
        each(_batch(2) * 4)
    assert torch.equal(other.calculate_qparams()[0], observer.calculate_qparams()[0])


def test_layout_and_dtype_do_not_matter(observer):
    x = torch.randn(2, 6, 5, 7, generator=torch.Generator().manual_seed(5)).half().float()
    layouts = [
        x,
        x.contiguous(memory_format=torch.channels_last),
        x.permute(3, 0, 1, 2).contiguous().permute(1, 2, 3, 0),
        torch.stack([x, x], dim=-1)[..., 0],
        x.half(),
        x.double(),
    ]
    found = []
    for layout in layouts:
        observer.reset_min_max_vals()
        observer(layout)
        found.append(observer.calculate_qparams())
    assert all(torch.equal(scale, found[0][0]) and torch.equal(zero, found[0][1]) for scale, zero in found)


def test_factory_makes_separate_observers():
    factory = MinMaxObserver.with_args(dtype="int8").with_args(qscheme="per_tensor_symmetric")
    first, second = factory(), factory()
    first(_batch(0))
    assert first.quant_min == -127 and isinstance(first, MinMaxObserver)
    assert second.min_val.item() == math.inf
    assert factory == MinMaxObserver.with_args(dtype="int8", qscheme="per_tensor_symmetric")


@pytest.mark.parametrize(
    ("observer", "settings", "message"),
    [
        (MinMaxObserver, {"qscheme": "per_channel_affine"}, "expected one of per_tensor_affine, per_tensor_symmetric"),
        (PerChannelMinMaxObserver, {"qscheme": "per_tensor_affine"}, "expected one of per_channel_affine"),
        (MinMaxObserver, {"quant_max": 300}, "quant_min, quant_max"),
        (MinMaxObserver, {"dtype": "float16"}, "dtype"),
        (MinMaxObserver, {"eps": 0.0}, "eps"),
        (MovingAverageMinMaxObserver, {"averaging_constant": 0.0}, "averaging_constant"),
        (HistogramObserver, {"bins": 8}, "bins"),
        (HistogramObserver, {"dtype": "int32"}, "int32"),
    ],
)
def test_refuses_wrong_settings(observer, settings, message):
    with pytest.raises(ValueError, match=message):
        observer(**settings)
