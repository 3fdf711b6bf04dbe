"""The float32 functions against float64, at special values, and against a loop over their definition."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from octavo.program import float_functions, float_math, float_rows

INF, NAN = float("inf"), float("nan")


def _sweep() -> np.ndarray:
    """Give finite float32 numbers of every exponent and sign, and a dense stretch around 0."""
    bits = np.arange(0, 2**32, 40009, dtype=np.uint64).astype(np.uint32)
    everywhere = bits.view(np.float32)
    return np.concatenate([everywhere[np.isfinite(everywhere)], np.linspace(-104, 89, 50001, dtype=np.float32)])


def _ulps(got: np.ndarray, exact: np.ndarray) -> float:
    unit = np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    return float((np.abs(got.astype(np.float64) - exact) / unit).max())


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else math.exp(x)


@pytest.mark.parametrize(
    ("function", "exact", "low", "high", "bound"),
    [
        ("exp", math.exp, -103.9, 88.72, 1.2),
        ("log", math.log, 1e-45, 3.4e38, 1.0),
        ("tanh", math.tanh, -100.0, 100.0, 1.5),
        ("sigmoid", _sigmoid, -100.0, 100.0, 2.5),
        ("erf", math.erf, -100.0, 100.0, 1.5),
        ("sqrt", math.sqrt, 0.0, 3.4e38, 0.5),
        ("rsqrt", lambda x: 1 / math.sqrt(x), 1e-45, 3.4e38, 1.5),
    ],
)
def test_error_in_units_of_the_last_place(
    function: str, exact: Callable[[float], float], low: float, high: float, bound: float
) -> None:
    x = _sweep()
    x = x[(x >= np.float32(low)) & (x <= np.float32(high)) & ((x != 0) | (function not in ("log", "rsqrt")))]
    expected = np.array([exact(value) for value in x.tolist()])
    assert _ulps(float_functions.unary(function, x), expected) <= bound


def _log1p_exp(x: float) -> float:
    return math.log1p(math.exp(-abs(x))) + max(x, 0)


def _mish(x: float) -> float:
    return x * math.tanh(_log1p_exp(x))


def _selu(x: float) -> float:
    return SELU["alpha"] * SELU["scale"] * math.expm1(x)


SELU = {"alpha": 1.6732632423543772, "scale": 1.0507009873554805, "input_scale": 1.0}


@pytest.mark.parametrize(
    ("function", "exact", "low", "high", "bound"),
    [
        (lambda x: float_functions.elu(x, 1, 1, 1), math.expm1, -100.0, 0.0, 1.0),
        (lambda x: float_functions.elu(x, 0.5, 1, 2), lambda x: 0.5 * math.expm1(2 * x), -50.0, 0.0, 1.0),
        (lambda x: float_functions.elu(x, **SELU), _selu, -50.0, 0.0, 2.0),
        (lambda x: float_functions.softplus(x, 1, 20), _log1p_exp, -86.0, 20.0, 2.0),
        (lambda x: float_functions.softplus(x, 2, 20), lambda x: _log1p_exp(2 * x) / 2, -43.0, 10.0, 2.0),
        (lambda x: float_functions.unary("log_sigmoid", x), lambda x: -_log1p_exp(-x), -100.0, 86.0, 2.0),
        (lambda x: float_functions.unary("mish", x), _mish, -80.0, 100.0, 3.5),
        (float_math.exp2, lambda x: 2.0**x, -126.0, 127.0, 3.0),
    ],
    ids=["elu", "elu-2", "selu", "softplus", "softplus-2", "log_sigmoid", "mish", "exp2"],
)
def test_error_of_activations_in_units_of_the_last_place(
    function: Callable[[Any], Any], exact: Callable[[float], float], low: float, high: float, bound: float
) -> None:
    x = _sweep()
    x = x[(x >= np.float32(low)) & (x <= np.float32(high)) & (np.abs(x) > 1e-30)]
    expected = np.array([exact(value) for value in x.tolist()])
    assert _ulps(function(x), expected) <= bound


def test_softplus_is_the_identity_above_the_threshold() -> None:
    x = np.float32([2.4, 2.6, 1e30, INF, NAN])
    y = float_functions.softplus(x, 2.0, 5.0)
    np.testing.assert_array_equal(y[1:], x[1:])
    assert y[0] > x[0]


def test_prelu_keeps_nan_and_zeros() -> None:
    x = np.float32([-2, -0.0, 0, 3, NAN, -INF])
    np.testing.assert_array_equal(float_functions.prelu(x, np.float32(-0.5)), np.float32([1, 0, 0, 3, NAN, INF]))


@pytest.mark.parametrize(
    ("function", "exact"),
    [
        ("silu", lambda x: x * _sigmoid(x)),
        ("gelu", lambda x: 0.5 * x * math.erfc(-x / math.sqrt(2))),
        ("gelu_tanh", lambda x: x * _sigmoid(math.sqrt(8 / math.pi) * (x + 0.044715 * x**3))),
    ],
)
def test_error_relative_to_x(function: str, exact: Callable[[float], float]) -> None:
    x = np.linspace(-30, 30, 60001, dtype=np.float32)
    expected = np.array([exact(value) for value in x.tolist()])
    error = np.abs(float_functions.unary(function, x).astype(np.float64) - expected)
    assert (error <= 1.5e-7 * np.abs(x)).all()


@pytest.mark.parametrize(("function", "exact"), [("sin", np.sin), ("cos", np.cos)])
def test_error_of_sine_and_cosine(function: str, exact: Callable[[Any], Any]) -> None:
    """Everywhere up to 16384, and beside each multiple of pi/2, where all but a few bits of x cancel."""
    rng = np.random.default_rng(0)
    near = (np.arange(1, 10430) * (math.pi / 2)).astype(np.float32)
    x = np.concatenate(
        [rng.uniform(-16384, 16384, 200000), 10 ** rng.uniform(-30, 4, 100000), near, np.nextafter(near, np.float32(0))]
    ).astype(np.float32)
    assert _ulps(float_functions.unary(function, x), exact(x.astype(np.float64))) <= 1.0
    assert _ulps(float_functions.unary(function, -x), exact(-x.astype(np.float64))) <= 1.0


@pytest.mark.parametrize("function", ["exp", "log", "tanh", "hardsigmoid", "relu", "sqrt"])
def test_monotone(function: str) -> None:
    x = np.sort(_sweep())
    if function in ("log", "sqrt"):
        x = x[x >= 0]
    y = float_functions.unary(function, x)
    assert (y[1:] >= y[:-1]).all()


@pytest.mark.parametrize("function", ["tanh", "erf"])
def test_odd(function: str) -> None:
    x = _sweep()
    negated = float_functions.unary(function, -x)
    np.testing.assert_array_equal(negated.view(np.uint32), (-float_functions.unary(function, x)).view(np.uint32))


@pytest.mark.parametrize(
    ("function", "pairs"),
    [
        ("exp", [(0, 1), (INF, INF), (-INF, 0), (88.8, INF), (-104, 0)]),
        ("log", [(0, -INF), (-0.0, -INF), (1, 0), (INF, INF), (-1, NAN), (-INF, NAN)]),
        ("tanh", [(0, 0), (INF, 1), (-INF, -1), (20, 1)]),
        ("sigmoid", [(0, 0.5), (INF, 1), (-INF, 0)]),
        ("erf", [(0, 0), (INF, 1), (-INF, -1), (5, 1)]),
        ("silu", [(0, 0), (INF, INF)]),
        ("gelu", [(0, 0), (INF, INF), (-20, 0)]),
        ("hardsigmoid", [(-3, 0), (0, 0.5), (3, 1), (INF, 1), (-INF, 0)]),
        ("hardswish", [(-3, 0), (0, 0), (3, 3), (6, 6), (INF, INF)]),
        ("gelu_tanh", [(0, 0), (INF, INF), (-20, 0)]),
        ("mish", [(0, 0), (INF, INF), (-200, 0)]),
        ("log_sigmoid", [(INF, 0), (-INF, -INF), (-90, -90)]),
        ("relu", [(-1, 0), (2, 2), (INF, INF), (-INF, 0)]),
        ("sqrt", [(4, 2), (INF, INF), (-1, NAN)]),
        ("rsqrt", [(4, 0.5), (0, INF), (-0.0, -INF), (INF, 0), (-1, NAN)]),
        ("sin", [(0, 0), (INF, NAN), (-INF, NAN), (16385, NAN), (1e-45, 1e-45)]),
        ("cos", [(0, 1), (INF, NAN), (-16385, NAN)]),
        ("neg", [(1, -1), (INF, -INF)]),
        ("abs", [(-1, 1), (-INF, INF)]),
        ("reciprocal", [(4, 0.25), (0, INF), (-0.0, -INF), (INF, 0)]),
    ],
)
def test_special_values(function: str, pairs: list[tuple[float, float]]) -> None:
    x = np.array([*(x for x, _ in pairs), NAN], np.float32)
    expected = np.array([*(y for _, y in pairs), NAN], np.float32)
    np.testing.assert_array_equal(float_functions.unary(function, x), expected)


def test_exp_rounds_subnormal_results_once() -> None:
    x = np.linspace(-103.9, -87.4, 20001, dtype=np.float32)
    expected = np.exp(x.astype(np.float64))
    assert (np.abs(float_math.exp(x) - expected) <= 0.502 * 2.0**-149 + 1.2e-7 * expected).all()


def test_clamp_keeps_nan_and_open_bounds() -> None:
    x = np.array([-5, 0.5, 5, NAN, INF, -INF], np.float32)
    np.testing.assert_array_equal(float_math.clamp(x, -1.0, 1.0), np.array([-1, 0.5, 1, NAN, 1, -1], np.float32))
    np.testing.assert_array_equal(float_math.clamp(x, None, 1.0), np.array([-5, 0.5, 1, NAN, 1, -INF], np.float32))
    np.testing.assert_array_equal(float_math.clamp(x, -1.0, None), np.array([-1, 0.5, 5, NAN, INF, -1], np.float32))


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 100])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_is_its_definition(count: int, axis: int) -> None:
    shape = [3, 2, 4]
    shape[axis] = count
    seed = 5
    x = (np.random.default_rng(seed).standard_normal(shape) * 8).astype(np.float32)
    rows = np.moveaxis(x, axis, -1).reshape(-1, count)
    expected = np.empty_like(rows)
    for row, out in zip(rows, expected, strict=True):
        e = float_math.exp(row - row.max())
        lanes = [np.float32(0)] * 16
        for i, value in enumerate(e):
            lanes[i % 16] = lanes[i % 16] + value
        for width in (8, 4, 2, 1):
            lanes = [lanes[j] + lanes[j + width] for j in range(width)]
        out[:] = e / lanes[0]
    got = np.moveaxis(float_rows.softmax(x, axis), axis, -1).reshape(-1, count)
    np.testing.assert_array_equal(got.view(np.uint32), expected.view(np.uint32))


def test_softmax_of_infinities() -> None:
    x = np.array([[0, -INF], [INF, 0], [-INF, -INF], [NAN, 0]], np.float32)
    expected = np.array([[1, 0], [NAN, NAN], [NAN, NAN], [NAN, NAN]], np.float32)
    np.testing.assert_array_equal(float_rows.softmax(x, 1), expected)


def test_unary_keeps_any_shape() -> None:
    for shape in [(), (0,), (2, 3, 1)]:
        assert float_functions.unary("exp", np.zeros(shape, np.float32)).shape == shape


def test_unary_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="'sine'"):
        float_functions.unary("sine", np.zeros(1, np.float32))
    wide: Any = np.zeros(1, np.float64)
    with pytest.raises(ValueError, match="float64"):
        float_functions.unary("exp", wide)
