"""GELU in the single steps of `octavo.program.float_math`: polynomials by pieces, their coefficients looked up.

`core/kernels/float_functions.h` states the same steps.
"""

import numpy as np

from octavo.program.float_math import Float32, int_bits, relu, select

_f = np.float32
_HALVES_MAGIC = _f(6291456.0)  # 1.5 * 2**22: adding it leaves the nearest half (half to even) in the low bits
# a·Φ(−a) around a = 0, 0.5, …, 5.5: the coefficients of one power in a row, the highest first.
_COEFFICIENTS = (
    (
        *(-0.0061249323, -0.021849435, -0.016163029, 0.002445595, 0.008867964, 0.004309191),
        *(5.3410753e-05, -0.00083516765, -0.000440695, -0.0001261477, -2.3747796e-05, -3.1389188e-06),
    ),
    (
        *(0.06781771, 0.033645887, -0.019604279, -0.035635043, -0.018036345, -0.0006834649),
        *(0.0039896173, 0.0024885307, 0.00083911646, 0.00018711996, 2.9471807e-05, 3.382225e-06),
    ),
    (
        *(-0.0001177746, 0.10998911, 0.120994225, 0.056678724, 4.4789754e-06, -0.01643529),
        *(-0.011081935, -0.0042002336, -0.0010704651, -0.00019466977, -2.5978463e-05, -2.5843929e-06),
    ),
    (
        *(-0.39893863, -0.30805096, -0.1209984, 0.016179109, 0.053991854, 0.03725187),
        *(0.015513176, 0.004472397, 0.0009364883, 0.0001457165, 1.706559e-05, 1.5163223e-06),
    ),
    (
        *(0.49999997, 0.13250528, -0.08331564, -0.12746939, -0.08523184, -0.03761105),
        *(-0.011945621, -0.0028217563, -0.0005036519, -6.853066e-05, -7.1473737e-06, -5.7342305e-07),
    ),
    (
        *(0.0, 0.15426876, 0.1586553, 0.10021084, 0.04550026, 0.015524149),
        *(0.004049688, 0.0008142021, 0.00012668609, 1.5289997e-05, 1.4333679e-06, 1.0445964e-07),
    ),
)
_PIECES = np.pad(np.array(_COEFFICIENTS, np.float32), ((0, 0), (0, 4)))


def gelu(x: Float32) -> Float32:
    """Compute max(x, 0) − P(r), with a = min(|x|, 6), h the nearest half of a, r = a − h and P the polynomial of h.

    P is a·Φ(−a), and 0 from a = 5.75 on. This is x·Φ(x), Φ the normal distribution, as max(x, 0) − |x|·Φ(−|x|).
    """
    a = np.abs(x)
    a = select(a < _f(6.0), a, _f(6.0))
    shifted = a + _HALVES_MAGIC
    r = a - (shifted - _HALVES_MAGIC)
    piece = int_bits(shifted) & 15
    tail = _PIECES[0][piece]
    for coefficients in _PIECES[1:]:
        tail = tail * r + coefficients[piece]
    return relu(x) - tail
