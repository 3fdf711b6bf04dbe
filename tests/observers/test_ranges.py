"""The observers that keep nothing but a range."""

import pytest
import torch

from octavo.numerics import choose_qparams
from octavo.observers import MinMaxObserver, MovingAverageMinMaxObserver, PerChannelMinMaxObserver


def test_min_max_covers_everything():
    observer = MinMaxObserver()
    for batch in ([0.5, 1.0], [-2.0, 0.0], [3.0, -1.0]):
        observer(torch.tensor(batch))
    assert (observer.min_val.item(), observer.max_val.item()) == (-2.0, 3.0)
    assert observer.calculate_qparams()[0] == choose_qparams(-2.0, 3.0).scale


def test_moving_average():
    observer = MovingAverageMinMaxObserver(averaging_constant=0.25)
    observer(torch.tensor([-4.0, 8.0]))
    assert (observer.min_val.item(), observer.max_val.item()) == (-4.0, 8.0)
    observer(torch.tensor([0.0, 4.0]))
    assert (observer.min_val.item(), observer.max_val.item()) == (-3.0, 7.0)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_per_channel(axis):
    x = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    observer = PerChannelMinMaxObserver(ch_axis=axis)
    for part in (x * 0.5, x):
        observer(part)
    channels = [x.select(axis, i) for i in range(x.shape[axis])]
    assert observer.max_val.tolist() == [torch.maximum(c.max(), 0.5 * c.max()).item() for c in channels]
    expected = [
        choose_qparams(low, high, "int8", "per_tensor_symmetric").scale.item()
        for low, high in zip(observer.min_val, observer.max_val, strict=True)
    ]
    assert observer.calculate_qparams()[0].tolist() == expected
    assert observer.qparams().ch_axis == axis


def test_per_channel_with_an_all_zero_channel():
    observer = PerChannelMinMaxObserver()
    observer(torch.tensor([[0.0, 0.0], [1.27, -1.0]]))
    assert observer.calculate_qparams()[0].tolist() == [1.0, torch.tensor(1.27 / 127).item()]


def test_per_channel_refuses_other_channels():
    observer = PerChannelMinMaxObserver(ch_axis=1)
    observer(torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"got 4 channels, 3 were observed before \(ch_axis=1\)"):
        observer(torch.zeros(2, 4))
    with pytest.raises(ValueError, match="has no axis ch_axis=1"):
        observer(torch.zeros(5))
