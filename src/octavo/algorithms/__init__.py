"""Published methods that make a quantized network more accurate, one a file."""

from octavo.algorithms.layer_by_layer import LayerByLayer, Rounding
from octavo.algorithms.uneven_rows import UnevenRows
from octavo.algorithms.wide_inputs import WideInputs

__all__ = ["LayerByLayer", "Rounding", "UnevenRows", "WideInputs"]
