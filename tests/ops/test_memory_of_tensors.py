"""Tensors in and out of the engine: their memory."""

from __future__ import annotations

import pytest
import torch

from octavo.ops import operators
from octavo.ops.memory import how_it_lies
from octavo.program import ShapeError, Value

VALUE = Value("uint8", 0.5, 10)
WINDOW = {"kernel": (3, 3), "stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "ceil_mode": False}


def has_slack(x: torch.Tensor) -> bool:
    return how_it_lies(x)[-1]


def pool(q: torch.Tensor) -> torch.Tensor:
    return operators.apply("max_pool", (q,), (VALUE,), VALUE, **WINDOW)


def expected(q: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.max_pool2d(q.float(), 3, 1, 1).to(torch.uint8)


@pytest.fixture
def q() -> torch.Tensor:
    return torch.randint(0, 200, (2, 5, 6, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(4))


def test_outputs_in_8_bits_have_slack_and_inputs_from_elsewhere_have_none(q):
    assert not has_slack(q)
    y = pool(q)
    assert has_slack(y)
    assert torch.equal(pool(y), expected(expected(q)))
    assert not has_slack(operators.dequantize(y, VALUE))


@pytest.mark.parametrize(
    "part",
    [lambda y: y[:, 1:4], lambda y: y[:1], lambda y: y[..., 2:], lambda y: y.transpose(2, 3), lambda y: y[:, ::2]],
)
def test_parts_of_a_tensor_with_slack(part, q):
    y = pool(q)
    assert torch.equal(pool(part(y)), expected(part(y)))


def test_inputs_are_never_written(q):
    y = pool(q)
    before = y.clone()
    for _ in range(3):
        operators.apply("add", (y, y), (VALUE, VALUE), VALUE)
        pool(y)
    assert torch.equal(y, before)


def test_an_empty_tensor_is_refused():
    with pytest.raises(ShapeError, match=r"takes no empty tensor"):
        pool(torch.empty(0, 3, 4, 4, dtype=torch.uint8))


def test_a_wrong_dtype_is_refused_by_name():
    with pytest.raises(TypeError, match=r"input 'x0': got torch.float32 on cpu, expected uint8 on cpu"):
        pool(torch.ones(1, 3, 4, 4))


def test_images_are_quantized_to_channels_last():
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    q = operators.quantize(x, VALUE)
    assert q.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(q, operators.quantize(x.contiguous(memory_format=torch.channels_last), VALUE))
    assert torch.equal(operators.quantize(x[0], VALUE), q[0])
    assert operators.quantize(x[0], VALUE).is_contiguous()
