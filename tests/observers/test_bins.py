import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from octavo.observers.bins import fit_bins, merge_bins

_FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(_FLOAT32, _FLOAT32, st.sampled_from([16, 100, 2048]))
def test_bins_hold_the_range_and_are_the_narrowest(a, b, bins):
    low, high = min(a, b, 0.0), max(a, b, 0.0)
    exponent, first = fit_bins(min(a, b), max(a, b), bins)
    lowest, highest = (math.floor(math.ldexp(end, -exponent)) for end in (low, high))
    assert first <= lowest and highest < first + bins
    assert -126 <= exponent <= 126
    if exponent > -126:
        narrower = [math.floor(math.ldexp(end, 1 - exponent)) for end in (low, high)]
        assert narrower[1] - narrower[0] + 1 > bins


def test_only_positive_values_use_all_bins():
    assert fit_bins(0.0, 1.0, 2048)[1] == 0


@given(st.lists(st.integers(-(2**19), 2**19 - 1), max_size=50), st.integers(0, 30))
def test_merging_is_exact(indices, halvings):
    first, bins = -(2**19), 2**20
    counts = torch.bincount(torch.tensor(indices, dtype=torch.int64) - first, minlength=bins)
    new_first = first >> halvings
    merged = merge_bins(counts, first, halvings, new_first)
    expected = torch.bincount(
        torch.tensor([(i >> halvings) - new_first for i in indices], dtype=torch.int64), minlength=bins
    )
    assert torch.equal(merged, expected)
