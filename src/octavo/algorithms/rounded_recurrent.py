"""The weights of a recurrent layer in integers, by GPTQ."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from octavo.algorithms.gptq import gptq
from octavo.algorithms.second_moments import SecondMoments
from octavo.graph.block_values import LayerInputs
from octavo.graph.execute import compute
from octavo.graph.ir import Node
from octavo.numerics import Qparams


def rounded_recurrent(node: Node, qparams: Mapping[str, Qparams], inputs: LayerInputs) -> dict[str, Tensor]:
    """Return the integers of a recurrent layer's weights.

    What the gates add up are two products, of the input and of the state before, each with its own second moments: the
    states are the layer's outputs, one step later, as float weights make them. A projection is not rounded here.

    Args:
        node: an `lstm`, `gru` or `rnn`.
        qparams: of `weight_ih`, where it has one, and `weight_hh`.
        inputs: as the int8 program gives them.

    Returns: role to int8 of the weight's shape.
    """
    moments = {role: SecondMoments(1, node.shape_of(role)[1]) for role in qparams}
    for sample, read in enumerate(inputs):
        rows = {"weight_ih": read[0], "weight_hh": compute(node, read, inputs.sizes[sample])[0]}
        for role in qparams:
            moments[role].add(rows[role].flatten(0, -2).unsqueeze(0))
    return {role: _rounded(node.constants[role].detach(), moments[role], qparams[role]) for role in qparams}


def _rounded(weight: Tensor, moments: SecondMoments, qparams: Qparams) -> Tensor:
    scale = qparams.scale.expand(len(weight))
    q = gptq(weight.unsqueeze(0), moments.root(keep=False), scale.unsqueeze(0), qparams.quant_max)
    return q.squeeze(0)
