"""Float32 functions in stated single steps: the same bits here, in C++ and on every instruction set.

Every line is one IEEE float32 operation rounded on its own (add, subtract, multiply, divide, square root, compare),
or an operation on the bits; there is no fused multiply-add. `core/kernels/float_math.h` states the same steps.
"""

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

_f = np.float32
MAGIC = _f(12582912.0)  # 1.5 * 2**23: adding it leaves the nearest integer (half to even) in the low bits
LOG2_E = _f(1.442695)
_LN2_HI = _f(0.693359375)  # nine significant bits, so n * _LN2_HI is exact
_LN2_LO = _f(-2.1219444e-4)
_SQRT_2_LESS_1 = _f(0.41421357)
_MAGIC_BITS = np.int32(0x4B400000)
_SQRT_HALF_BITS = np.int32(0x3F3504F3)

# Minimax coefficients, highest power first.
_EXP = (0.0013814222, 0.008368899, 0.041668404, 0.1666652, 0.49999994, 1.0, 1.0)
_EXPM1 = (0.001388251, 0.00836658, 0.0416672, 0.16666543, 0.49999997)
_LOG = (
    *(0.06746639, -0.11675651, 0.11888163, -0.12405589, 0.14219552),
    *(-0.16667996, 0.20002119, -0.2500001, 0.33333313),
)
_TANH = (-0.0057049883, 0.020639088, -0.053739715, 0.13331442, -0.3333328)
_ERF = (7.853523e-05, -0.00080100825, 0.005188314, -0.026853804, 0.11283585, -0.37612626, 0.12837917)
EXP2 = (0.0013276472, 0.009675541, 0.05550713, 0.2402212, 0.69314694, 1.0000001)
_LOG_ERFC = (0.00018557401, -0.0029396072, 0.021805318, -0.10303737, -0.6382257, -1.12704, -0.00035371952)


def horner(x: Float32, coefficients: tuple[float, ...]) -> Float32:
    """Evaluate a polynomial, the coefficient of the highest power first."""
    total = np.full_like(x, _f(coefficients[0]))
    for coefficient in coefficients[1:]:
        total = total * x + _f(coefficient)
    return total


def select(mask: npt.NDArray[np.bool_], chosen: Float32 | np.float32, other: Float32 | np.float32) -> Float32:
    """Choose lane by lane, as `np.where`."""
    return np.where(mask, chosen, other)  # pyright: ignore[reportReturnType]  # two float32 make a float32


def int_bits(x: Float32) -> npt.NDArray[np.int32]:
    """Return the bits of float32 numbers."""
    return np.ascontiguousarray(x).view(np.int32)


def exp(x: Float32) -> Float32:
    """Compute e^x = 2^n · P(r) with n = rne(x·log2 e) and r = (x − n·ln2_hi) − n·ln2_lo.

    The power 2^n is applied as 2^(n//2) and then 2^(n − n//2), so that subnormals round once and overflow gives inf.
    """
    x = clamp(x, -104.0, 89.0)
    shifted = x * LOG2_E + MAGIC
    n = shifted - MAGIC
    r = (x - n * _LN2_HI) - n * _LN2_LO
    power = int_bits(shifted) - _MAGIC_BITS
    half = power >> 1
    low = ((half + 127) << 23).view(np.float32)
    high = ((power - half + 127) << 23).view(np.float32)
    return horner(r, _EXP) * low * high


def exp2(x: Float32) -> Float32:
    """Compute 2^x for x in [−126, 127] as 2^n · P(x − n), n = rne(x); 2^n is added to the exponent's bits."""
    shifted = x + MAGIC
    fraction = horner(x - (shifted - MAGIC), EXP2)
    return (int_bits(fraction) + (int_bits(shifted) << 23)).view(np.float32)


def log(x: Float32) -> Float32:
    """Compute ln x = k·ln 2 + ln(1 + f) with x = 2^k·(1 + f), 1 + f in [√½, √2)."""
    subnormal = x < _f(1.1754944e-38)
    scaled = select(subnormal, x * _f(8388608.0), x)
    bits = int_bits(scaled)
    exponent = (bits - _SQRT_HALF_BITS) >> 23
    f = (bits - (exponent << 23)).view(np.float32) - _f(1.0)
    k = (exponent - np.where(subnormal, 23, 0).astype(np.int32)).astype(np.float32)
    result = _log_of_parts(f, k)
    result = select(x < _f(np.inf), result, x)  # inf and NaN
    result = select(x < _f(0.0), _f(np.nan), result)
    return select(x == _f(0.0), _f(-np.inf), result)


def _log_of_parts(f: Float32, k: Float32) -> Float32:
    """Compute k·ln 2 + ln(1 + f)."""
    square = f * f
    tail = f * square * horner(f, _LOG) + k * _LN2_LO
    tail = tail - _f(0.5) * square
    return (f + tail) + k * _LN2_HI


def log1p(x: Float32) -> Float32:
    """Compute ln(1 + x) for x in [0, 1]: as ln 2 + ln(1 + (x − 1)/2) where x > √2 − 1."""
    above = x > _SQRT_2_LESS_1
    return _log_of_parts(select(above, (x - _f(1.0)) * _f(0.5), x), select(above, _f(1.0), _f(0.0)))


def expm1(x: Float32) -> Float32:
    """Compute e^x − 1 for x <= 0 as 2^n·(e^r − 1) + (2^n − 1), with n and r as in `exp` and e^r − 1 = r + r²·P(r)."""
    x = clamp(x, -25.0, 0.0)
    shifted = x * LOG2_E + MAGIC
    n = shifted - MAGIC
    r = (x - n * _LN2_HI) - n * _LN2_LO
    power: Float32 = ((int_bits(shifted) - _MAGIC_BITS + 127) << 23).view(np.float32)
    square = np.multiply(r, r, dtype=np.float32)
    return (r + square * horner(r, _EXPM1)) * power + (power - _f(1.0))


def sigmoid(x: Float32) -> Float32:
    """Compute 1/(1 + e^−x) as e/(1 + e) for x < 0 and 1/(1 + e) otherwise, with e = exp(−|x|)."""
    e = exp(-np.abs(x))
    return select(x < _f(0.0), e, _f(1.0)) / (e + _f(1.0))


def tanh(x: Float32) -> Float32:
    """Compute tanh x, with a = |x| and the sign of x put back at the end.

    a + (a·a²)·P(a²) where a < 0.625, 1 − 2/(exp(a + a) + 1) elsewhere.
    """
    a = np.abs(x)
    square = a * a
    small = a + a * square * horner(square, _TANH)
    large = _f(1.0) - _f(2.0) / (exp(a + a) + _f(1.0))
    return np.copysign(select(a < _f(0.625), small, large), x, dtype=np.float32)


def erf(x: Float32) -> Float32:
    """Compute erf x, with a = |x| and the sign of x put back at the end.

    a + a·P(a²) where a < 1, 1 − exp(Q(min(a, 4))) elsewhere.
    """
    a = np.abs(x)
    small = a + a * horner(a * a, _ERF)
    large = _f(1.0) - exp(horner(clamp(a, None, 4.0), _LOG_ERFC))
    return np.copysign(select(a < _f(1.0), small, large), x, dtype=np.float32)


def relu(x: Float32) -> Float32:
    """Compute 0 where x < 0, else x (NaN stays NaN)."""
    return select(x < _f(0.0), _f(0.0), x)


def clamp(x: Float32, low: float | None, high: float | None) -> Float32:
    """Compute low where x < low, then high where high < x (NaN stays NaN); None is no bound."""
    if low is not None:
        x = select(x < _f(low), _f(low), x)
    if high is not None:
        x = select(_f(high) < x, _f(high), x)
    return x


def maximum(a: Float32, b: Float32) -> Float32:
    """Compute b where a < b or b is NaN, else a: NaN wins."""
    return select((a < b) | np.isnan(b), b, a)


def minimum(a: Float32, b: Float32) -> Float32:
    """Compute b where b < a or b is NaN, else a: NaN wins."""
    return select((b < a) | np.isnan(b), b, a)
