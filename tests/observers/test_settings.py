"""Settings by the names and with the meaning that torch.ao gave them."""

import pytest
import torch
from torch.ao import quantization as peer

from octavo import observers
from octavo.observers import (
    FixedQParamsObserver,
    HistogramObserver,
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    PerChannelMinMaxObserver,
    UniformQuantizationObserverBase,
)

_X = [torch.randn(4, 6, generator=torch.Generator().manual_seed(seed)) * (seed + 1) for seed in range(3)]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("MinMaxObserver", {}),
        ("MinMaxObserver", {"dtype": torch.qint8}),
        ("MinMaxObserver", {"quant_min": 0, "quant_max": 15}),
        ("MinMaxObserver", {"reduce_range": True}),
        ("MinMaxObserver", {"dtype": torch.qint8, "reduce_range": True}),
        ("MinMaxObserver", {"dtype": torch.quint8, "qscheme": torch.per_tensor_symmetric, "eps": 0.5}),
        (
            "MinMaxObserver",
            {"dtype": torch.qint8, "qscheme": torch.per_tensor_symmetric, "quant_min": -127, "quant_max": 127},
        ),
        ("MovingAverageMinMaxObserver", {"averaging_constant": 0.3}),
        ("MovingAverageMinMaxObserver", {"averaging_constant": 1, "is_dynamic": True}),
        ("PerChannelMinMaxObserver", {"ch_axis": 1, "dtype": torch.quint8, "qscheme": torch.per_channel_affine}),
        (
            "MovingAveragePerChannelMinMaxObserver",
            {
                "averaging_constant": 0.3, "dtype": torch.qint8, "qscheme": torch.per_channel_symmetric,
                "quant_min": -127, "quant_max": 127,
            },
        ),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Please use quant_min")
def test_same_range_and_qparams_as_the_peer(name, settings):
    ours, theirs = getattr(observers, name)(**settings), getattr(peer, name)(**settings)
    for x in _X:
        ours(x)
        theirs(x)
    torch.testing.assert_close(ours.min_val, theirs.min_val)
    torch.testing.assert_close(ours.max_val, theirs.max_val)
    assert (ours.quant_min, ours.quant_max) == (theirs.quant_min, theirs.quant_max)
    scale, zero_point = theirs.calculate_qparams()
    # Ours is computed in float64 and rounded once, theirs in float32.
    torch.testing.assert_close(ours.calculate_qparams()[0].reshape(-1), scale, rtol=1e-6, atol=0)
    if name != "MinMaxObserver" or "eps" not in settings:
        assert ours.calculate_qparams()[1].reshape(-1).tolist() == zero_point.tolist()


def test_symmetric_int8_leaves_out_minus_128():
    for settings in ({}, {"quant_min": -128, "quant_max": 127}):
        observer = MinMaxObserver(dtype=torch.qint8, qscheme=torch.per_tensor_symmetric, **settings)
        assert (observer.quant_min, observer.quant_max) == (-127, 127)
    reduced = MinMaxObserver(dtype=torch.qint8, qscheme=torch.per_tensor_symmetric, reduce_range=True)
    assert (reduced.quant_min, reduced.quant_max) == (-63, 63)
    assert MinMaxObserver(dtype=torch.qint8).quant_min == -128


def test_full_ranges_unless_one_bit_less_is_asked_for():
    assert [observers.default_observer().quant_max, observers.default_histogram_observer().quant_max] == [255, 255]
    histogram = HistogramObserver(reduce_range=True, upsample_rate=16)
    assert histogram.quant_max == 127
    histogram(_X[0])
    assert histogram.qparams().quant_max == 127


def test_repr_shows_the_range():
    observer = MinMaxObserver()
    assert repr(observer) == repr(peer.MinMaxObserver()) == "MinMaxObserver(min_val=inf, max_val=-inf)"
    observer(torch.tensor([-1.5, 2.0]))
    assert repr(observer) == "MinMaxObserver(min_val=-1.5, max_val=2.0)"


def test_device_of_the_buffers():
    observer = MinMaxObserver(factory_kwargs={"device": "meta"})
    assert observer.min_val.device.type == "meta"
    with pytest.raises(ValueError, match=r"factory_kwargs: got .*float64.*expected a device; ranges are float32"):
        PerChannelMinMaxObserver(factory_kwargs={"dtype": torch.float64})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MovingAverageMinMaxObserver(is_dynamic=True), "expected averaging_constant=1"),
        (lambda: MovingAveragePerChannelMinMaxObserver(is_dynamic=True), "dynamic qparams are per tensor"),
        (lambda: HistogramObserver(is_dynamic=True), "dynamic qparams are those of one tensor"),
        (lambda: FixedQParamsObserver(0.5, 0, is_dynamic=True), "its qparams are fixed"),
        (lambda: FixedQParamsObserver(-0.5, 0), "scale: got -0.5"),
        (lambda: FixedQParamsObserver(0.5, 300), "zero_point: got 300"),
    ],
)
def test_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_observer_written_for_the_peer():
    class Percentile(UniformQuantizationObserverBase):
        def __init__(self, **settings):
            super().__init__(**settings)
            self.seen = torch.zeros(0)

        def forward(self, x):
            self.seen = x.detach().flatten()
            return x

        def calculate_qparams(self):
            scale, zero_point = self._calculate_qparams(self.seen.quantile(0.1), self.seen.quantile(0.9))
            return scale.reshape(1), zero_point.reshape(1).long()

    observer = Percentile.with_args(dtype=torch.quint8)()
    observer(torch.linspace(-10, 10, 1001))
    qparams = observer.qparams()
    assert qparams.scale.item() == pytest.approx(16 / 255) and qparams.scale.shape == () and qparams.dtype == "uint8"
