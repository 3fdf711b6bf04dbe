"""The native counting kernels, on every instruction set, and what stands in for them on other devices."""

import math
from functools import partial

import numpy as np
import pytest
import torch

from octavo import _core
from octavo.observers.scan import count_bins, count_bins_torch, find_range, flatten_dense

_LENGTHS = [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 255, 1023, 1024, 1025, 1040, 4097, 10_007]
_KINDS = ["normal", "relu", "relu6", "zero", "edges", "tiny"]


def _values(kind: str, length: int) -> torch.Tensor:
    x = torch.randn(length, generator=torch.Generator().manual_seed(length)) * 1.5
    if kind == "relu":
        return x.relu()
    if kind == "relu6":
        return (x * 4).clamp(0, 6)
    if kind == "zero":
        return torch.zeros(length)
    if kind == "edges":  # on the edges of bins, and one float beside them
        x = (x * 64).round() / 64
        return torch.cat([torch.nextafter(x, torch.tensor(-9.0)), x])[:length]
    return x * 1e-42 if kind == "tiny" else x


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("length", _LENGTHS)
def test_counts_are_the_same_everywhere(kind, length):
    x = _values(kind, length)
    first, inv_width, bins = -512, 64.0, 1024
    expected = np.bincount(np.floor(x.double().numpy() * inv_width).astype(np.int64) - first, minlength=bins)
    native = {isa: partial(_core.histogram, isa=isa) for isa in _core.supported_isas()}
    for name, count in {"torch": count_bins_torch, **native}.items():
        counts = torch.ones(bins, dtype=torch.int64)
        low, high, finite, counted = count(x, inv_width, first, counts)
        assert (low, high, finite, counted) == (x.min().item(), x.max().item(), True, True), name
        np.testing.assert_array_equal(counts.numpy() - 1, expected, err_msg=name)


@pytest.mark.parametrize("length", _LENGTHS)
@pytest.mark.parametrize("bad", [None, math.nan, math.inf, -math.inf])
def test_range_and_finiteness(length, bad):
    x = _values("normal", length)
    for position in {0, length // 2, length - 1}:
        y = x.clone()
        if bad is not None:
            y[position] = bad
        for isa in _core.supported_isas():
            low, high, finite = _core.min_max(y, isa)
            assert finite == (bad is None), isa
            if finite:
                assert (low, high) == (y.min().item(), y.max().item()), isa
        assert find_range(y)[2] == (bad is None)


@pytest.mark.parametrize("outlier", [8.0, -8.01, math.nan, math.inf])
@pytest.mark.parametrize("position", [0, 5000, 9999])
def test_nothing_is_counted_unless_everything_is(outlier, position):
    x = _values("normal", 10_000).clamp(-4, 4)
    x[position] = outlier
    for isa in _core.supported_isas():
        counts = torch.zeros(1024, dtype=torch.int64)
        low, high, finite, counted = _core.histogram(x, 64.0, -512, counts, isa)
        assert not counted and not counts.any()
        assert finite == math.isfinite(outlier)
        if finite:
            assert (low, high) == (x.min().item(), x.max().item())
    assert count_bins_torch(x, 64.0, -512, torch.zeros(1024, dtype=torch.int64))[2:] == (finite, False)


def test_accepts_numpy():
    counts = np.zeros(16, np.int64)
    assert _core.histogram(np.array([0.5, 1.5, 1.75], np.float32), 1.0, 0, counts)[3]
    assert counts.tolist() == [1, 2] + [0] * 14


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.empty(0), 1.0, 0, torch.zeros(16, dtype=torch.int64)), "no elements"),
        ((torch.ones(4), 3.0, 0, torch.zeros(16, dtype=torch.int64)), "power of two"),
        ((torch.ones(4), 0.0, 0, torch.zeros(16, dtype=torch.int64)), "power of two"),
        ((torch.ones(4), math.inf, 0, torch.zeros(16, dtype=torch.int64)), "power of two"),
        ((torch.ones(4), 1.0, 2**20, torch.zeros(16, dtype=torch.int64)), "first is"),
        ((torch.ones(4), 1.0, -(2**60), torch.zeros(16, dtype=torch.int64)), "first is"),
        ((torch.ones(4), 1.0, 0, torch.zeros(0, dtype=torch.int64)), "counts has 0 entries"),
    ],
)
def test_refuses_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        _core.histogram(*arguments)


def test_refuses_wrong_types():
    x, counts = torch.ones(4), torch.zeros(16, dtype=torch.int64)
    for values, target in ((x.double(), counts), (x, counts.int()), (x.tolist(), counts)):
        with pytest.raises(TypeError, match="incompatible function arguments"):
            _core.histogram(values, 1.0, 0, target)


def test_dense_tensors_are_not_copied():
    x = torch.randn(2, 3, 4, 5)
    for dense in (x, x.permute(2, 0, 3, 1), x.contiguous(memory_format=torch.channels_last), x[1], x[:1]):
        flat = flatten_dense(dense)
        assert flat.data_ptr() == dense.data_ptr() and flat.is_contiguous()
        assert torch.equal(flat.sort().values, dense.flatten().sort().values)
    for sparse in (x[:, 1], x[..., ::2], x[:, :1].expand(2, 3, 4, 5)):
        assert flatten_dense(sparse).is_contiguous()
        assert torch.equal(flatten_dense(sparse).sort().values, sparse.flatten().sort().values)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_same_counts_on_cuda():
    x = _values("edges", 10_000)
    here, there = torch.zeros(1024, dtype=torch.int64), torch.zeros(1024, dtype=torch.int64)
    assert count_bins(x, 64.0, -512, here) == count_bins(x.cuda(), 64.0, -512, there)
    assert torch.equal(here, there)
