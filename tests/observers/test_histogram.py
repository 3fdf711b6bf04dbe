import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from octavo.numerics import dequantize, quantize, sqnr
from octavo.observers import HistogramObserver, MinMaxObserver


def _used(observer: HistogramObserver) -> tuple[int, dict[int, int]]:
    first = int(observer.first)
    return int(observer.exponent), {first + i: int(n) for i, n in enumerate(observer.histogram) if n}


def _signals(kind: str, seed: int) -> torch.Tensor:
    x = torch.randn(4, 8, 16, 16, generator=torch.Generator().manual_seed(seed))
    return {"normal": x, "relu": x.relu(), "cubed": x**3, "relu6": (x * 3).clamp(0, 6), "shifted": x * 0.1 + 5}[kind]


@given(st.lists(st.floats(-1e3, 1e3, width=16), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_histogram_does_not_depend_on_order_or_batches(values, random):
    whole = HistogramObserver(bins=64)
    whole(torch.tensor(values))
    shuffled = random.sample(values, len(values))
    cut = random.randint(0, len(values))
    parts = HistogramObserver(bins=64)
    for part in (shuffled[:cut], shuffled[cut:]):
        parts(torch.tensor(part))
    assert _used(parts) == _used(whole)
    assert sum(_used(whole)[1].values()) == len(values)


def test_growing_range_loses_no_count():
    observer = HistogramObserver(bins=256)
    batches = [torch.zeros(10), torch.full((5,), 1e-30), *(torch.randn(1000) * 4.0**k for k in range(-8, 9))]
    for batch in batches:
        observer(batch)
    assert int(observer.histogram.sum()) == sum(batch.numel() for batch in batches)
    everything = torch.cat(batches).double()
    exponent, used = _used(observer)
    index, count = torch.floor(everything * 2.0**-exponent).long().unique(return_counts=True)
    assert used == dict(zip(index.tolist(), count.tolist(), strict=True))
    assert observer.min_val == everything.min() and observer.max_val == everything.max()


def test_memory_is_constant():
    observer = HistogramObserver()
    sizes = set()
    for k in range(20):
        observer(torch.randn(100) * (k + 1))
        sizes.add(sum(buffer.numel() * buffer.element_size() for buffer in observer.buffers()))
    assert len(sizes) == 1


@pytest.mark.parametrize("kind", ["normal", "relu", "cubed", "relu6", "shifted"])
@pytest.mark.parametrize(
    "settings", [{}, {"dtype": "int8", "qscheme": "per_tensor_symmetric"}, {"dtype": "int8"}, {"quant_max": 15}]
)
def test_not_worse_than_min_max_on_the_data(kind, settings):
    histogram, min_max = HistogramObserver(**settings), MinMaxObserver(**settings)
    batches = [_signals(kind, seed) for seed in range(3)]
    for batch in batches:
        histogram(batch)
        min_max(batch)
    x = torch.stack(batches)
    with_search, without = (sqnr(x, dequantize(quantize(x, q), q)) for q in (histogram.qparams(), min_max.qparams()))
    # The search minimizes the error of the histogram; that of the data differs by where values lie inside of a bin.
    assert with_search >= without - 0.05
    if kind == "cubed":
        assert with_search > without


def test_after_relu_zero_stays_the_least_integer():
    observer = HistogramObserver()
    observer(_signals("relu", 0))
    assert observer.calculate_qparams()[1].item() == 0


def test_spikes_at_zero_and_six_keep_the_range():
    observer = HistogramObserver()
    observer(_signals("relu6", 0))
    assert observer.calculate_qparams()[0].item() == pytest.approx(6 / 255, rel=1e-3)


@pytest.mark.parametrize("value", [0.0, 3.0, -0.25, 1e-42, 3e38, -3e38])
def test_constant(value):
    observer = HistogramObserver()
    x = torch.full((7,), value)
    observer(x)
    qparams = observer.qparams()
    restored = dequantize(quantize(x, qparams), qparams)
    assert bool(((restored - x).abs() <= max(abs(value) * 1e-6, 1e-18)).all())


def test_extremes_of_float32():
    largest = torch.finfo(torch.float32).max
    observer = HistogramObserver(bins=16)
    observer(torch.tensor([-largest, 0.0, largest, 1e-45]))
    scale, zero_point = observer.calculate_qparams()
    assert torch.isfinite(scale) and 126 <= zero_point <= 129
