"""PyTorch functions on QTensors that stay in integers: one file a family."""

from octavo.nn.qtensor_functions import activation, averaging, joining, maximum, moving, order, padding, resizing

__all__ = ["activation", "averaging", "joining", "maximum", "moving", "order", "padding", "resizing"]
