"""Arithmetic as modules: float and observed, then in 8 bits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from octavo.nn.conversions import conversions
from octavo.nn.errors import FloatInputError, QuantizationError
from octavo.nn.float_functional import FloatFunctional, FXFloatFunctional, QFunctional
from octavo.nn.qtensor import QTensor
from octavo.nn.stubs import Quantize
from octavo.observers import MinMaxObserver

CALLS: dict[str, Any] = {
    "add": lambda f, x, y: f.add(x, y),
    "add a number": lambda f, x, y: f.add(x, 0.3),
    "add_scalar": lambda f, x, y: f.add_scalar(x, -1.7),
    "mul": lambda f, x, y: f.mul(x, y),
    "mul by a number": lambda f, x, y: f.mul(x, 0.3),
    "mul_scalar": lambda f, x, y: f.mul_scalar(x, -2.5),
    "mul_scalar by 0": lambda f, x, y: f.mul_scalar(x, 0.0),
    "cat": lambda f, x, y: f.cat([x, y, x], dim=-1),
    "cat at first axis": lambda f, x, y: f.cat((x, y)),
    "add_relu": lambda f, x, y: f.add_relu(x, y),
    "matmul": lambda f, x, y: f.matmul(x, y),
    "broadcast": lambda f, x, y: f.add(x, y[:1]),
}


def operands(dtype: str = "uint8") -> tuple[QTensor, QTensor]:
    torch.manual_seed(0)
    middle = 128 if dtype == "uint8" else 0
    return Quantize(0.02, middle - 3, dtype)(torch.randn(3, 3)), Quantize(0.03, middle + 9, dtype)(torch.randn(3, 3))


def observed(call: Any, *inputs: Tensor, dtype: str = "uint8") -> FloatFunctional:
    functional = FloatFunctional()
    functional.activation_post_process = MinMaxObserver(dtype=dtype)
    call(functional, *inputs)
    return functional


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
@pytest.mark.parametrize("case", CALLS)
def test_8_bits_are_the_float_result_rounded(case: str, dtype: str) -> None:
    call, (x, y) = CALLS[case], operands(dtype)
    want = call(FXFloatFunctional(), x.dequantize(), y.dequantize())
    f = QFunctional.from_float(observed(call, x.dequantize(), y.dequantize(), dtype=dtype))
    got = call(f, x, y)
    assert isinstance(got, QTensor) and got.qdtype == dtype and got.q_scale() == f.scale
    assert (got.dequantize() - want).abs().max() <= 0.5001 * f.scale


@pytest.mark.parametrize("case", CALLS)
def test_everything_that_is_returned_is_observed(case: str) -> None:
    call, (x, y) = CALLS[case], operands()
    real = (x.dequantize(), y.dequantize())
    observer = observed(call, *real).activation_post_process
    want = call(FXFloatFunctional(), *real)
    assert isinstance(observer, MinMaxObserver)
    assert torch.equal(observer.min_val, want.min()) and torch.equal(observer.max_val, want.max())


def test_tensors_of_the_outputs_qparams_are_concatenated_as_they_are() -> None:
    f = QFunctional()
    f.set_output(0.5, 10)
    x = QTensor(torch.tensor([[1, 2]], dtype=torch.uint8), 0.5, 10)
    y = QTensor(torch.tensor([[10, 20]], dtype=torch.uint8), 1.0, 10)
    assert f.cat([x, y], 1).int_repr().tolist() == [[1, 2, 10, 30]]


def test_a_matrix_product_is_counted() -> None:
    x, y = operands()
    f = QFunctional()
    f.name = "attention.scores"
    with conversions.recording() as counts:
        f.matmul(x, y)
    assert sorted(counts.rows()) == [("attention.scores", "dequantize", 2), ("attention.scores", "quantize", 1)]


def test_a_saved_state() -> None:
    f, other = QFunctional(), QFunctional()
    f.set_output(0.25, -7, "int8")
    other.load_state_dict(f.state_dict())
    assert (other.scale, other.zero_point, other.dtype) == (0.25, -7, "int8")
    assert repr(other).startswith("QFunctional(\n  scale=0.25, zero_point=-7")


def test_hooks_see_what_is_returned() -> None:
    f, (x, y), seen = QFunctional(), operands(), []
    f.activation_post_process.register_forward_hook(lambda module, args, result: seen.append(result))
    result = f.add(x, y)
    assert seen[0] is result


def test_a_float_tensor() -> None:
    f, (x, _) = QFunctional(), operands()
    f.name = "block.add"
    with pytest.raises(FloatInputError, match=r"module 'block.add' \(QFunctional\) got a torch.float32 tensor"):
        f.add(x, torch.ones(3, 3))


def test_without_calibration() -> None:
    functional = FloatFunctional()
    functional.activation_post_process = MinMaxObserver()
    f, (x, y) = QFunctional.from_float(functional), operands()
    f.name = "block.add"
    with pytest.raises(QuantizationError, match=r"module 'block.add' \(QFunctional\) was never called while"):
        f.add(x, y)
    assert "not calibrated" in repr(f)


@pytest.mark.parametrize("kind", [FloatFunctional, FXFloatFunctional, QFunctional])
def test_it_is_not_called_itself(kind: Any) -> None:
    with pytest.raises(RuntimeError, match=f"{kind.__name__} is not called itself; call its add, mul, cat"):
        kind()(torch.ones(1))
