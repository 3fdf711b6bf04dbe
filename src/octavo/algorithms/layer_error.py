"""What 8 bits cost one layer: the SQNR of its output, row by row, with a weight and the input rounded."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from octavo.graph.execute import compute
from octavo.graph.ir import Node
from octavo.graph.prepare import Prepared
from octavo.graph.weights import dequantized_weight
from octavo.numerics import dequantize, quantize
from octavo.program.reference.dynamic import quantize_rows

# The share of the rows that the error is taken of, those with the least.
_PERCENTILE = 0.9


def layer_error(node: Node, inputs: Iterable[Tensor], prepared: Prepared, role: str, dynamic: bool) -> float:
    """Return the SQNR in dB of a layer's output, the worst tenth of its rows left out.

    Args:
        node: a linear or recurrent layer with a QConfig.
        inputs: of the layer, each [..., features] float32.
        prepared: calibrated.
        role: the weight that is rounded; unless it is `weight_hh`, the input that it multiplies is rounded as well.
        dynamic: whether each row of the input is rounded by its own range, or all by the qparams that were found.
    """
    qconfig = prepared.qconfigs[node.name]
    assert qconfig is not None
    constants = {**node.constants, role: dequantized_weight(node, qconfig, role)}
    alone = {key: value for key, value in node.attributes.items() if key != "lengths"}
    exact = replace(node, attributes=alone)
    rounded = replace(exact, constants=constants)
    ratios = []
    for x in inputs:
        read = x if role == "weight_hh" else rounded_input(node, x, prepared, dynamic)
        want, got = (_output(compute(part, [given], {})) for part, given in ((exact, x), (rounded, read)))
        signal = want.double().square().sum(-1)
        noise = (want - got).double().square().sum(-1)
        ratios.append((noise / signal)[signal > 0])
    every = torch.cat(ratios)
    if every.numel() == 0:
        return math.inf
    worst = float(every.sort().values[int(_PERCENTILE * (every.numel() - 1))])
    return -10 * math.log10(worst) if worst > 0 else math.inf


def _output(made: Tensor | tuple[Tensor, ...]) -> Tensor:
    """Return the output of a layer as rows."""
    y = made[0] if isinstance(made, tuple) else made
    return y.flatten(0, -2) if y.dim() > 1 else y.unsqueeze(0)


def rounded_input(node: Node, x: Tensor, prepared: Prepared, dynamic: bool) -> Tensor:
    """Return the real numbers that a layer's first input stands for once it is in 8 bits.

    Args:
        node: the layer.
        x: its input, [..., features] float32.
        prepared: calibrated.
        dynamic: whether each row is rounded by its own range, or all by the qparams that were found.
    """
    if dynamic:
        rows = quantize_rows(x.reshape(-1, x.shape[-1]).numpy())
        real = (rows.q.astype(np.int32) - rows.zero_point).astype(np.float32) * rows.scale
        return torch.from_numpy(real).reshape(x.shape)
    qparams = prepared.observers[prepared.groups[node.inputs[0]]].qparams()
    return dequantize(quantize(x, qparams), qparams)
