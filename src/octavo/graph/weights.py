"""The integers of a layer: its weight, bias and weight_scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from octavo.graph.errors import ConversionError
from octavo.graph.ir import Node
from octavo.graph.transposed import by_output_channel
from octavo.numerics import Qparams, accumulator_bound, dequantize, quantize, quantize_bias, raise_weight_scale
from octavo.program import Value
from octavo.program.types import QUANT_RANGE
from octavo.qconfig import QConfig, weight_observer

_INT32_MAX = 2**31 - 1


@dataclass(frozen=True)
class QuantizedLayer:
    """Hold the constants of an int8 layer.

    Args:
        weight: int8, of the layer's weight's shape.
        bias: [out_channels] int32, in steps of `s_x · weight_scale`.
        weight_scale: [out_channels] float32.
    """

    weight: np.ndarray
    bias: np.ndarray
    weight_scale: np.ndarray


class AccumulatorOverflowError(ValueError):
    """Say that a layer's accumulator could leave int32."""


def quantize_layer(node: Node, qconfig: QConfig, x: Value, trained: Qparams | None = None) -> QuantizedLayer:
    """Quantize the weight and bias of a layer: `w ≈ weight_scale · q`, `b ≈ s_x · weight_scale · q`.

    Args:
        node: a layer with finite constants.
        qconfig: its weight observer chooses the scales: symmetric int8, per output channel or per tensor.
        x: qparams of the layer's input.
        trained: qparams of the weight, where training has found them.

    Returns: the integers.

    Raises:
        AccumulatorOverflowError: the sum of some output channel could leave int32.
    """
    assert x.scale is not None and x.zero_point is not None
    weight = by_output_channel(node, node.constants["weight"].detach())
    channels = weight.shape[0]
    bias = node.constants.get("bias")
    bias = torch.zeros(channels) if bias is None else bias.detach()
    qparams = trained or weight_qparams(node, qconfig)
    # A channel that is all but zero would have so small a scale that its bias overflows.
    q, scale = raise_weight_scale(quantize(weight, qparams), qparams.scale.expand(channels), bias, x.scale)
    scale = scale.contiguous()
    q_bias = quantize_bias(bias, x.scale, scale, node.name)
    bound = int(accumulator_bound(q, q_bias, x.zero_point, *QUANT_RANGE[x.dtype]).max())
    if bound > _INT32_MAX:
        raise AccumulatorOverflowError(f"its accumulator could reach {bound}, beyond int32")
    return QuantizedLayer(by_output_channel(node, q).numpy(), q_bias.numpy(), scale.numpy())


def quantize_rows(
    node: Node, qconfig: QConfig, role: str, trained: Qparams | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Quantize a weight whose layer quantizes its input as it arrives.

    Args:
        node: the layer.
        qconfig: its weight observer chooses the scales.
        role: of the weight [rows, columns] among the layer's constants.
        trained: qparams of the weight, where training has found them.

    Returns: int8 of the weight's shape, and [rows] float32 scales.
    """
    qparams = trained or weight_qparams(node, qconfig, role)
    weight = quantize(node.constants[role].detach(), qparams)
    return weight.numpy(), qparams.scale.expand(weight.shape[0]).contiguous().numpy()


def quantize_table(node: Node, qconfig: QConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Quantize the table of an embedding: `row ≈ scale · q + offset`, each row with its own.

    Args:
        node: an embedding with finite constants.
        qconfig: its weight observer chooses the scales: `is_for_tables`.

    Returns: uint8 of the table's shape, [rows] float32 scales and [rows] float32 offsets.
    """
    table = node.constants["weight"].detach()
    observer = weight_observer(qconfig, node.name)
    if observer.dtype != "uint8" or observer.ch_axis != 0:
        raise ConversionError(
            f"layer '{node.name}': its QConfig observes the table as {observer.dtype} with ch_axis={observer.ch_axis}, "
            "expected uint8 with a scale for each row (ch_axis=0). Remedy: float_qparams_weight_only_qconfig"
        )
    observer(table)
    qparams = observer.qparams()
    offset = (-qparams.zero_point.double() * qparams.scale.double()).float()
    return quantize(table, qparams).numpy(), qparams.scale.numpy(), offset.numpy()


def dequantized_weight(node: Node, qconfig: QConfig, role: str = "weight") -> torch.Tensor:
    """Return the real numbers that a layer's weight will stand for once it is in int8, float32 of its shape."""
    qparams = weight_qparams(node, qconfig, role)
    weight = by_output_channel(node, node.constants[role].detach())
    return by_output_channel(node, dequantize(quantize(weight, qparams), qparams))


def weight_qparams(node: Node, qconfig: QConfig, role: str = "weight") -> Qparams:
    """Choose the qparams of a weight with its output channels first.

    Raises:
        ConversionError: its QConfig observes weights in a way that a program does not have.
    """
    try:
        observer = weight_observer(qconfig, node.name)
    except ValueError as error:
        raise ConversionError(str(error)) from error
    symmetric = observer.qscheme.endswith("symmetric") and observer.quant_min >= -127
    if node.type == "conv_transpose" and observer.ch_axis == 1:  # where its weight has the output channels
        observer.ch_axis = 0
    if observer.dtype != "int8" or not symmetric or observer.ch_axis not in (None, 0):
        raise ConversionError(
            f"layer '{node.name}': its QConfig observes weights as {observer.dtype}, {observer.qscheme}, from "
            f"{observer.quant_min}, ch_axis={observer.ch_axis}; expected int8, symmetric, from -127, per tensor or "
            "with ch_axis=0. Remedy: give QConfig(weight=…) such an observer"
        )
    observer(by_output_channel(node, node.constants[role].detach()))
    return observer.qparams()
