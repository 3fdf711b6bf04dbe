"""Observers that look at nothing, keep everything, or know their qparams."""

import pytest
import torch

from octavo import observers
from octavo.observers import (
    FixedQParamsObserver,
    NoopObserver,
    PlaceholderObserver,
    RecordingObserver,
    ReuseInputObserver,
)


@pytest.mark.parametrize("kind", [NoopObserver, PlaceholderObserver, RecordingObserver, ReuseInputObserver])
def test_has_no_qparams(kind):
    observer = kind()
    observer.name = "fc"
    x = torch.randn(3)
    assert observer(x) is x and not observer.has_seen()
    for ask in (observer.qparams, observer.calculate_qparams):
        with pytest.raises(RuntimeError, match=f"layer 'fc': {kind.__name__} chooses no qparams. Remedy"):
            ask()


def test_placeholder_holds_settings():
    observer = observers.default_dynamic_quant_observer()
    assert (observer.dtype, observer.is_dynamic, observer.quant_min, observer.quant_max) == ("uint8", True, 0, 255)
    assert PlaceholderObserver(dtype=torch.float16, custom_op_name="op").custom_op == "op"
    assert PlaceholderObserver(compute_dtype=torch.quint8).is_dynamic
    assert repr(PlaceholderObserver(dtype=torch.float16)) == "PlaceholderObserver(dtype=float16, is_dynamic=False)"


def test_recording_keeps_copies():
    observer = observers.default_debug_observer()
    x = torch.ones(2, requires_grad=True)
    observer(x)
    with torch.no_grad():
        x.mul_(3)
    observer(x)
    assert [kept.tolist() for kept in observer.get_tensor_value()] == [[1.0, 1.0], [3.0, 3.0]]
    assert not observer.tensor_val[0].requires_grad


def test_fixed_qparams_stay():
    observer = observers.default_fixed_qparams_range_neg1to1_observer()
    observer(torch.full((3,), 100.0))
    scale, zero_point = observer.calculate_qparams()
    assert (scale.item(), zero_point.item()) == (2 / 256, 128)
    assert observers.default_symmetric_fixed_qparams_observer().qparams().zero_point.item() == 128
    assert observers.default_affine_fixed_qparams_observer().qparams().scale.item() == 1 / 256
    other = FixedQParamsObserver(0.5, 3)
    other.load_state_dict(observer.state_dict())
    assert other.qparams().scale.item() == 2 / 256


def test_embedding_rows():
    observer = observers.default_float_qparams_observer()
    rows = torch.tensor([[5.0, 5.51], [-1.0, 1.55]])
    observer(rows)
    scale, zero_point = observer.calculate_qparams()
    torch.testing.assert_close(scale, torch.tensor([0.002, 0.01]), rtol=1e-4, atol=0)
    torch.testing.assert_close(-zero_point * scale, torch.tensor([5.0, -1.0]), rtol=1e-5, atol=0)
