"""Layers with int8 weights whose inputs are quantized as they arrive; float in, float out."""

from octavo.nn.quantized.dynamic.cells import GRUCell, LSTMCell, RNNCell
from octavo.nn.quantized.dynamic.conv import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
)
from octavo.nn.quantized.dynamic.linear import Linear
from octavo.nn.quantized.dynamic.recurrent import GRU, LSTM, RNN

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "GRUCell",
    "LSTMCell",
    "Linear",
    "RNNCell",
]
