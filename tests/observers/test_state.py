"""What observers save, and load again."""

import io

import pytest
import torch
from torch import nn
from torch.ao import quantization as peer

from octavo.observers import (
    HistogramObserver,
    MinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    PerChannelMinMaxObserver,
    get_observer_state_dict,
    load_observer_state_dict,
)


class _Prepared(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.fc.activation_post_process = HistogramObserver(bins=64)
        self.out = nn.Module()
        self.out.activation_post_process = PerChannelMinMaxObserver(ch_axis=1)

    def forward(self, x):
        return self.out.activation_post_process(self.fc.activation_post_process(self.fc(x)))


def test_observers_apart_from_the_model():
    torch.manual_seed(0)
    first, second = _Prepared(), _Prepared()
    first(torch.randn(5, 4))
    saved = get_observer_state_dict(first)
    assert "fc.weight" not in saved and "out.activation_post_process.min_val" in saved
    weight = second.fc.weight.clone()
    load_observer_state_dict(second, saved)
    assert torch.equal(second.fc.weight, weight)
    for name in ("fc", "out"):
        one, other = (getattr(m, name).activation_post_process.qparams() for m in (first, second))
        assert torch.equal(one.scale, other.scale) and torch.equal(one.zero_point, other.zero_point)


def test_refuses_observers_of_another_model():
    saved = get_observer_state_dict(_Prepared())
    with pytest.raises(ValueError, match="has no place in the module"):
        load_observer_state_dict(nn.Linear(4, 3), saved)
    saved.pop("fc.activation_post_process.min_val")
    with pytest.raises(ValueError, match=r"'fc.activation_post_process.min_val'\] is missing"):
        load_observer_state_dict(_Prepared(), saved)


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize("kind", [PerChannelMinMaxObserver, MovingAveragePerChannelMinMaxObserver, HistogramObserver])
def test_resumes_in_mid_calibration_from_a_file(kind, seen):
    batches = [torch.randn(4, 6, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]
    observer, resumed = kind(), kind()
    if seen:
        observer(batches[0])
    file = io.BytesIO()
    torch.save(observer.state_dict(), file)
    file.seek(0)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    for batch in batches[1:]:
        observer(batch)
        resumed(batch)
    assert torch.equal(observer.calculate_qparams()[0], resumed.calculate_qparams()[0])
    assert all(torch.equal(value, resumed.state_dict()[key]) for key, value in observer.state_dict().items())


@pytest.mark.parametrize("kind", ["MinMaxObserver", "MovingAverageMinMaxObserver", "PerChannelMinMaxObserver"])
def test_reads_what_the_peer_saved(kind):
    from octavo import observers

    theirs, ours = getattr(peer, kind)(), getattr(observers, kind)()
    theirs(torch.randn(3, 4, generator=torch.Generator().manual_seed(0)))
    ours.load_state_dict(theirs.state_dict())
    assert torch.equal(ours.min_val, theirs.min_val) and torch.equal(ours.max_val, theirs.max_val)


def test_a_buffer_stays_the_same_tensor():
    observer = PerChannelMinMaxObserver()
    held = observer.min_val
    observer(torch.tensor([[1.0, -2.0], [3.0, 4.0]]))
    assert held is observer.min_val and held.tolist() == [-2.0, 3.0]
    observer.reset_min_max_vals()
    assert not observer.has_seen() and MinMaxObserver().has_seen() is False
