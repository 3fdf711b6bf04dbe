"""How much of a signal is left after quantization."""

from __future__ import annotations

import math

import torch


def sqnr(reference: torch.Tensor, x: torch.Tensor) -> float:
    """Compute the signal to quantization noise ratio: `10 · log10(Σ ref² / Σ (ref − x)²)` in dB, in float64.

    Args:
        reference: the float answer, any shape.
        x: the answer under test, of the same shape.

    Returns: dB; +inf where x equals the reference, −inf where the reference is all 0 and x is not.

    Raises:
        ValueError: the shapes differ, or a value is NaN or infinite.
    """
    if reference.shape != x.shape:
        raise ValueError(
            f"sqnr: reference has shape {tuple(reference.shape)}, x {tuple(x.shape)}; expected equal shapes"
        )
    signal = reference.detach().double()
    noise = signal - x.detach().double()
    power, noise_power = float(signal.square().sum()), float(noise.square().sum())
    if not math.isfinite(power + noise_power):
        raise ValueError("sqnr: reference or x holds NaN or infinite values, expected finite numbers")
    if noise_power == 0.0:
        return math.inf
    return 10.0 * math.log10(power / noise_power) if power > 0.0 else -math.inf
