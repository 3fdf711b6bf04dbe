"""Quantized tensors and the modules that compute with them."""

from octavo.nn import qtensor_functions
from octavo.nn.conversions import conversions
from octavo.nn.qtensor import QTensor

__all__ = ["QTensor", "conversions", "qtensor_functions"]
