"""Published methods that make a quantized network more accurate, one a file."""

from octavo.algorithms.bias_correction import BiasCorrection
from octavo.algorithms.uneven_rows import UnevenRows
from octavo.algorithms.wide_inputs import WideInputs

__all__ = ["BiasCorrection", "UnevenRows", "WideInputs"]
