"""Where a model enters 8 bits and leaves them."""

import pytest
import torch
from torch import nn

from octavo.nn.qtensor import QTensor
from octavo.nn.stubs import DeQuantize, DeQuantStub, Quantize, QuantStub, QuantWrapper
from octavo.observers import MinMaxObserver
from octavo.qconfig import default_qconfig


@pytest.mark.parametrize("stub", [QuantStub, DeQuantStub])
def test_a_stub_does_nothing(stub: type[nn.Module]) -> None:
    x = torch.randn(2)
    assert stub()(x) is x
    assert stub(default_qconfig).qconfig is default_qconfig and not hasattr(stub(), "qconfig")


def test_to_8_bits_and_back() -> None:
    x = torch.tensor([-10.0, -0.26, 0.0, 0.24, 10.0])
    q = Quantize(0.5, 3)(x)
    assert isinstance(q, QTensor) and q.int_repr().tolist() == [0, 2, 3, 3, 23]
    assert DeQuantize()(q).tolist() == [-1.5, -0.5, 0.0, 0.0, 10.0]


def test_what_is_there_already_passes() -> None:
    q, x = Quantize(0.5, 3)(torch.ones(2)), torch.ones(2)
    assert Quantize(0.1, 0)(q) is q and DeQuantize()(x) is x


@pytest.mark.parametrize("dtype", ["int8", torch.int8, torch.qint8])
def test_the_dtype(dtype: object) -> None:
    stub = Quantize(0.5, -3, dtype)
    assert stub(torch.ones(2)).int_repr().dtype == torch.int8
    assert repr(stub) == "Quantize(scale=0.5, zero_point=-3, dtype=int8)"


def test_of_a_calibrated_stub() -> None:
    stub, observer = QuantStub(), MinMaxObserver()
    observer(torch.tensor([-1.0, 1.55]))
    stub.activation_post_process = observer
    made = Quantize.from_float(stub)
    assert (made.scale, made.zero_point) == (float(observer.qparams().scale), 100)
    assert isinstance(DeQuantize.from_float(DeQuantStub()), DeQuantize)


def test_a_saved_state() -> None:
    other = Quantize()
    other.load_state_dict(Quantize(0.5, -3, "int8").state_dict())
    assert (other.scale, other.zero_point, other.dtype) == (0.5, -3, "int8")


def test_a_wrapper() -> None:
    layer = nn.Linear(2, 3).eval()
    layer.qconfig = default_qconfig
    wrapper, x = QuantWrapper(layer), torch.randn(4, 2)
    assert torch.equal(wrapper(x), layer(x)) and not wrapper.training
    assert wrapper.quant.qconfig is default_qconfig and wrapper.dequant.qconfig is default_qconfig
