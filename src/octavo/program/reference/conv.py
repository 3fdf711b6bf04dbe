"""Convolution and the fully connected layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from octavo.program.reference.call import Call
from octavo.program.reference.requantize import multiplier, output_scale, requantize
from octavo.program.reference.windows import pad_spatial, sliding_windows, spread
from octavo.program.transposed import by_output_channel


def conv(call: Call) -> np.ndarray:
    """Compute `acc = bias + Σ (x − z_x)·weight`, requantized with its residual, dequantized, or all in float32."""
    spatial = len(call.shape) - 2
    if call.is_float:
        return _float_conv(call)
    acc = _accumulate(call) + call.constants["bias"].reshape(-1, *[1] * spatial)
    return _finish(acc, (-1, *[1] * spatial), call)


def conv_transpose(call: Call) -> np.ndarray:
    """Compute `acc[i·stride + t·dilation − before] = bias + Σ (x[i] − z_x)·weight[t]`, finished as in `conv`.

    It is a convolution of stride 1 with the kernel reversed, over x with real zeros between its elements.
    """
    attributes, zero = call.attributes, call.types[0].zero_point or 0
    weight = by_output_channel(call.constants["weight"], attributes["groups"])
    spatial = weight.ndim - 2
    padding = [
        (dilation * (k - 1) - before, dilation * (k - 1) - after + more)
        for k, dilation, (before, after), more in zip(
            weight.shape[2:], attributes["dilation"], attributes["padding"], attributes["output_padding"], strict=True
        )
    ]
    x = pad_spatial(spread(call.inputs[0], attributes["stride"], zero), padding, zero)
    plain = {**attributes, "stride": (1,) * spatial, "padding": ((0, 0),) * spatial}
    constants = {**call.constants, "weight": np.flip(weight, tuple(range(2, weight.ndim)))}
    return conv(replace(call, inputs=(x,), attributes=plain, constants=constants))


def linear(call: Call) -> np.ndarray:
    """Compute `acc = bias + Σ (x − z_x)·weight` over the last axis, finished as in `conv`."""
    weight, bias = call.constants["weight"], call.constants["bias"]
    if call.is_float:
        y = np.zeros(call.shape, np.float32)
        for k in range(weight.shape[1]):
            y += call.inputs[0][..., k, None] * weight[:, k]
        return y + bias
    acc = (call.centered(0).astype(np.float64) @ weight.astype(np.float64).T).astype(np.int64) + bias
    return _finish(acc, (-1,), call)


def _finish(acc: np.ndarray, channel_shape: tuple[int, ...], call: Call) -> np.ndarray:
    """Scale exact accumulators; `channel_shape` lines the output channels up with them."""
    m = multiplier(call.scale(0) * call.constants["weight_scale"].astype(np.float64), output_scale(call))
    real = acc.astype(np.float32) * m.reshape(channel_shape)
    if call.output.dtype == "float32":
        return real
    if len(call.inputs) > 1:
        real += call.centered(1).astype(np.float32) * multiplier(call.scale(1), output_scale(call))
    return requantize(real, call)


def _accumulate(call: Call) -> np.ndarray:
    """Return `Σ (x − z_x)·weight` exactly, int64 of the output's shape.

    The products are summed in float64, which is exact: every partial sum is an integer below 2³¹.
    """
    weight, attributes = call.constants["weight"], call.attributes
    groups, kernel = attributes["groups"], weight.shape[2:]
    padded = pad_spatial(call.centered(0), attributes["padding"], 0)
    windows = sliding_windows(padded, kernel, attributes["stride"], attributes["dilation"])
    if weight.shape[1] == 1:
        return _accumulate_depthwise(windows, weight, groups)
    matrix = weight.reshape(groups, weight.shape[0] // groups, -1).astype(np.float64)
    acc = np.empty(call.shape, np.int64)
    axes = (0, *range(1 + len(kernel), 1 + 2 * len(kernel)), *range(1, 1 + len(kernel)))  # ic, kernel, windows
    for image, out in zip(windows, acc, strict=True):
        columns = image.transpose(axes).astype(np.float64).reshape(groups, matrix.shape[2], -1)
        out[:] = (matrix @ columns).reshape(out.shape)
    return acc


def _accumulate_depthwise(windows: np.ndarray, weight: np.ndarray, groups: int) -> np.ndarray:
    """Return the sums where each output channel reads one input channel: tap by tap, all channels at once."""
    spatial = weight.ndim - 2
    repeat = weight.shape[0] // groups
    acc = np.zeros((windows.shape[0], groups, repeat, *windows.shape[2 : 2 + spatial]), np.int32)
    taps = weight.reshape(groups, repeat, *weight.shape[2:]).astype(np.int32)
    for tap in np.ndindex(weight.shape[2:]):
        acc += windows[(..., *tap)][:, :, None] * taps[(..., *tap)].reshape(groups, repeat, *[1] * spatial)
    return acc.reshape(windows.shape[0], weight.shape[0], *acc.shape[3:])


def _float_conv(call: Call) -> np.ndarray:
    """Compute `(Σ x·w) + bias`, each product and sum rounded to float32, in the order kd, kh, kw, ic (ic fastest)."""
    weight, attributes = call.constants["weight"], call.attributes
    spatial, groups = weight.ndim - 2, attributes["groups"]
    padded = pad_spatial(call.inputs[0], attributes["padding"], 0)
    windows = sliding_windows(padded, weight.shape[2:], attributes["stride"], attributes["dilation"])
    windows = windows.reshape(windows.shape[0], groups, -1, *windows.shape[2:])
    taps = weight.reshape(groups, -1, *weight.shape[1:])
    y = np.zeros((len(windows), groups, taps.shape[1], *call.shape[2:]), np.float32)
    for tap in np.ndindex(weight.shape[2:]):
        for channel in range(weight.shape[1]):
            x = windows[(slice(None), slice(None), channel, ..., *tap)][:, :, None]
            y += x * taps[(slice(None), slice(None), channel, *tap)].reshape(groups, -1, *[1] * spatial)
    return y.reshape(call.shape) + call.constants["bias"].reshape(-1, *[1] * spatial)
