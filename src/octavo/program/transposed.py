"""The weight of a transposed convolution, seen as that of an ordinary one."""

from __future__ import annotations

import numpy as np


def by_output_channel(weight: np.ndarray, groups: int) -> np.ndarray:
    """Return `weight[ic, oc/groups, …]` as `[oc, ic/groups, …]`.

    Args:
        weight: [ic, oc/groups, kernel…], any dtype.
        groups: a divisor of ic.
    """
    split = weight.reshape(groups, -1, *weight.shape[1:])
    return split.swapaxes(1, 2).reshape(-1, weight.shape[0] // groups, *weight.shape[2:])
