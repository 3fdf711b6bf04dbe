"""Published methods that make a quantized network more accurate, one a file."""

from octavo.algorithms.bias_correction import BiasCorrection

__all__ = ["BiasCorrection"]
