"""Element-wise functions of one 8-bit tensor: 256 answers, computed once."""

from __future__ import annotations

import numpy as np
import torch

from octavo.graph.execute import compute
from octavo.graph.ir import Node
from octavo.program import Value
from octavo.program.types import QUANT_RANGE


def build_table(node: Node, x: Value, y: Value) -> np.ndarray:
    """Compute `table[q − min] = sat(rne(f(s_x · (q − z_x)) / s_y) + z_y)`, in float64.

    Args:
        node: an `affine` of one scale and shift, a `clamp` or a `function`.
        x, y: qparams of its input and output.

    Returns: [256] of y's dtype.
    """
    assert x.scale is not None and x.zero_point is not None and y.scale is not None and y.zero_point is not None
    low, high = QUANT_RANGE[x.dtype]
    levels = torch.arange(low, high + 1, dtype=torch.float64)
    answers = compute(node, [(levels - x.zero_point) * x.scale], {}).reshape(-1).numpy()
    steps = np.rint(answers / np.float64(y.scale)) + y.zero_point
    return np.clip(steps, *QUANT_RANGE[y.dtype]).astype(y.dtype)
