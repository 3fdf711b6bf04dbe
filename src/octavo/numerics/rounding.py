"""How a real number becomes a whole one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import torch

Rounding = Literal["nearest_even", "floor", "ceil", "stochastic"]

_DETERMINISTIC: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "nearest_even": torch.round,
    "floor": torch.floor,
    "ceil": torch.ceil,
}


def round_to_integer(
    x: torch.Tensor, rounding: Rounding = "nearest_even", generator: torch.Generator | None = None
) -> torch.Tensor:
    """Round each element to a whole number; NaN stays NaN and an infinity stays infinite.

        nearest_even:  the nearest, a tie to the even one (IEEE 754 roundTiesToEven)
        floor, ceil:   the nearest that is not greater, not less
        stochastic:    floor(x) + [u < x − floor(x)], u uniform in [0, 1): the mean is x

    Args:
        x: any shape, float.
        rounding: one of the names above.
        generator: where `stochastic` draws u from, on x's device; seed it for the same answer again.

    Returns: whole numbers in x's dtype and shape.

    Raises:
        ValueError: there is no such rounding.

    Reference: Gupta et al., "Deep Learning with Limited Numerical Precision", 2015, section 3.
    """
    if rounding == "stochastic":
        floor = torch.floor(x)
        draw = torch.rand(x.shape, dtype=x.dtype, device=x.device, generator=generator)
        return floor + (draw < x - floor).to(x.dtype)
    if rounding not in _DETERMINISTIC:
        raise ValueError(f"rounding: got {rounding!r}, expected one of {', '.join(get_args(Rounding))}")
    return _DETERMINISTIC[rounding](x)
