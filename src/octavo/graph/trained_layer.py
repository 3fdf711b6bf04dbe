"""Layers of a graph in training for 8 bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from octavo.fake_quantize import FakeQuantizeBase
from octavo.graph.errors import ConversionError
from octavo.graph.execute import compute
from octavo.graph.ir import Node
from octavo.graph.module_tree import Held
from octavo.graph.passes.fold_batch_norm import NORM
from octavo.graph.transposed import by_output_channel
from octavo.nn.fake_quantized import evaluated_qparams
from octavo.nn.folding import fold
from octavo.nn.intrinsic.qat.batch_norm import FoldedBatchNorm
from octavo.nn.qat.weight import FakeQuantizedWeight
from octavo.numerics import Qparams, least_weight_scale, quantize_bias
from octavo.qconfig import QConfig

_NORMS: Mapping[int, Any] = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


class TrainedLayer(FakeQuantizedWeight, nn.Module):
    """Compute a convolution or linear layer with its weight rounded.

    Args:
        node: the layer.
        held: copies its constants.
        qconfig: makes the fake-quantize of the weight; None for a layer in float.
    """

    def __init__(self, node: Node, held: Held, qconfig: QConfig | None) -> None:
        super().__init__()
        self._kind = node.module or node.type
        self.weight = held.parameter(node.constants["weight"])
        self._rounded_shape = by_output_channel(node, node.constants["weight"]).shape
        self.attach(qconfig or QConfig(nn.Identity, nn.Identity))
        self.name = node.name
        self.weight_fake_quant.name = f"{node.name}.weight"
        if qconfig is not None:
            check_weight_rounding(self.weight_fake_quant, node)
        given = node.constants.get("bias")
        self.register_parameter("bias", None if given is None else held.parameter(given))

    def rounded_shape(self) -> torch.Size:
        """Return the shape in which the weight is rounded: its output channels on axis 0."""
        return self._rounded_shape

    def run(self, node: Node, inputs: Sequence[Tensor], x: Qparams | None) -> Tensor:
        """Compute the node.

        Args:
            node: the layer; its constants are not looked at.
            inputs: of the layer, and the residual where there is one.
            x: qparams of the first input where they are known, as in evaluation.
        """
        return self.rounded_layer(node, inputs, self.weight, self.bias, x)

    def rounded_layer(
        self, node: Node, inputs: Sequence[Tensor], weight: Tensor, bias: Tensor | None, x: Qparams | None
    ) -> Tensor:
        """Compute the node with this weight, rounded, and this bias, rounded where the qparams of x are known."""
        rounded = by_output_channel(node, self.rounded(by_output_channel(node, weight)))
        bias = bias if bias is None or x is None else self._rounded_bias(bias, x)
        constants = {"weight": rounded} if bias is None else {"weight": rounded, "bias": bias}
        return compute(replace(bare(node), constants=constants), inputs, {})

    def _rounded_bias(self, bias: Tensor, x: Qparams) -> Tensor:
        """Round a bias to the accumulator's steps, as the converted layer adds it."""
        weight = evaluated_qparams(self.weight_fake_quant)
        if weight is None:
            return bias
        scale = weight.scale.expand(bias.shape).maximum(least_weight_scale(bias, x.scale))
        steps = quantize_bias(bias, x.scale, scale, self.name)
        real = (steps.double() * (x.scale.double() * scale.double())).to(bias.dtype)
        return real + (bias - bias.detach()) if bias.requires_grad else real

    def folded_weight(self) -> Tensor:
        """Return the float weight that is rounded, with its gradient."""
        return self.weight

    def frozen(self, node: Node) -> Node:
        """Return the node as it is now, batch norm folded in."""
        weight, bias = self.folded_weight_bias()
        constants = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
        return replace(bare(node), constants={role: t.cpu() for role, t in constants.items()})

    def weight_qparams(self, node: Node) -> Qparams | None:
        """Return the qparams of the weight as it is now; None of a layer in float."""
        if not isinstance(self.weight_fake_quant, FakeQuantizeBase):
            return None
        self.weight_fake_quant.refresh(by_output_channel(node, self.folded_weight_bias()[0]))
        found = self.weight_fake_quant.qparams()
        return replace(found, scale=found.scale.cpu(), zero_point=found.zero_point.cpu())

    def _get_name(self) -> str:
        return self._kind


class TrainedNormLayer(FoldedBatchNorm, TrainedLayer):
    """Compute a layer and its batch norm, rounded as the one layer that they will be.

    Args: see `TrainedLayer`.
    """

    def __init__(self, node: Node, held: Held, qconfig: QConfig | None) -> None:
        super().__init__(node, held, qconfig)
        norm, constants = node.attributes[NORM], node.constants
        made: nn.Module = _NORMS[len(node.shape)](
            constants["running_mean"].numel(), norm["eps"], norm["momentum"], affine="gamma" in constants
        )
        if "gamma" in constants:
            made.weight, made.bias = held.parameter(constants["gamma"]), held.parameter(constants["beta"])
        for role in ("running_mean", "running_var"):
            made.register_buffer(role, constants[role].detach().clone())
        self.attach_norm(made)
        self.weight.requires_grad_(self.weight.requires_grad and not norm["alone"])

    def run(self, node: Node, inputs: Sequence[Tensor], x: Qparams | None) -> Tensor:
        """Compute the node, see `TrainedLayer`."""
        if not self.bn.training:
            weight, bias = fold(self.weight, self.bias, self.bn)
            return self.rounded_layer(node, inputs, weight, bias, x)
        plain = bare(node, clamp=False)
        y = self.normalized(lambda weight: compute(replace(plain, constants={"weight": weight}), inputs[:1], {}))
        for residual in inputs[1:]:
            y = y + residual
        return y.clamp(*node.attributes["clamp"]) if "clamp" in node.attributes else y

    def folded_weight(self) -> Tensor:
        """Return the float weight with the running statistics folded in, with its gradient."""
        return fold(self.weight, self.bias, self.bn)[0]


def bare(node: Node, clamp: bool = True) -> Node:
    """Return a node without its batch norm, and without its clamp where that is not wanted."""
    left_out = {NORM} if clamp else {NORM, "clamp"}
    return replace(node, attributes={key: value for key, value in node.attributes.items() if key not in left_out})


def trained_layer(node: Node, held: Held, qconfig: QConfig | None) -> TrainedLayer:
    """Make the module of a layer."""
    return (TrainedNormLayer if NORM in node.attributes else TrainedLayer)(node, held, qconfig)


def dropout_of(node: Node) -> nn.Module:
    """Make the module of a `dropout` node."""
    kinds = {"dropout": nn.Dropout, "alpha_dropout": nn.AlphaDropout, "feature_alpha_dropout": nn.FeatureAlphaDropout}
    feature = {3: nn.Dropout1d, 4: nn.Dropout2d, 5: nn.Dropout3d}.get(len(node.shape), nn.Dropout2d)
    return kinds.get(node.attributes["kind"], feature)(node.attributes["probability"])


def check_weight_rounding(made: Any, node: Node) -> None:
    """Refuse what does not round a weight as a program has it.

    Raises:
        ConversionError: it is no fake-quantize module, or not of symmetric int8.
    """
    if not isinstance(made, FakeQuantizeBase):
        raise ConversionError(
            f"layer '{node.name}': its QConfig makes {type(made).__name__} for the weight, expected a fake-quantize "
            "module. Remedy: get_default_qat_qconfig_mapping()"
        )
    fake: Any = made
    symmetric = fake.qscheme.endswith("symmetric") and fake.quant_min >= -127
    if fake.dtype != "int8" or not symmetric or fake.ch_axis not in (None, 0):
        raise ConversionError(
            f"layer '{node.name}': its QConfig rounds weights as {fake.dtype}, {fake.qscheme}, from {fake.quant_min}, "
            f"ch_axis={fake.ch_axis}; expected int8, symmetric, from -127, per tensor or with ch_axis=0. Remedy: "
            "get_default_qat_qconfig_mapping()"
        )
