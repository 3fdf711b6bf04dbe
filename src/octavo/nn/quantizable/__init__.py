"""LSTM and attention rebuilt of parts whose outputs can be observed: what `prepare` puts in the place of PyTorch's."""

from octavo.nn.quantizable.attention import MultiheadAttention
from octavo.nn.quantizable.lstm import LSTM
from octavo.nn.quantizable.lstm_cell import LSTMCell

__all__ = ["LSTM", "LSTMCell", "MultiheadAttention"]
