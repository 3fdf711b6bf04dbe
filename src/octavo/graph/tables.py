"""Element-wise functions of one 8-bit tensor: 256 answers, computed once."""

from __future__ import annotations

import numpy as np
import torch

from octavo.graph.execute import compute
from octavo.graph.ir import Node
from octavo.program import Value
from octavo.program.grid import function_table


def build_table(node: Node, x: Value, y: Value) -> np.ndarray:
    """Compute the table of a node.

    Args:
        node: an `affine` of one scale and shift, a `clamp` or a `function`.
        x, y: qparams of its input and output.

    Returns: [256] of y's dtype.
    """

    def answers(levels: np.ndarray) -> np.ndarray:
        return compute(node, [torch.from_numpy(levels)], {}).reshape(-1).numpy()

    return function_table(answers, x, y)
