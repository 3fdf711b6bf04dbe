"""Modules that compute in 8 bits, and what brings tensors there and back."""

from octavo.nn.float_functional import FloatFunctional, FXFloatFunctional, QFunctional
from octavo.nn.quantized import functional
from octavo.nn.quantized.activation import ELU, Hardswish, LeakyReLU, ReLU6, Sigmoid
from octavo.nn.quantized.attention import MultiheadAttention
from octavo.nn.quantized.batch_norm import BatchNorm2d, BatchNorm3d
from octavo.nn.quantized.conv import Conv1d, Conv2d, Conv3d
from octavo.nn.quantized.conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from octavo.nn.quantized.dropout import Dropout
from octavo.nn.quantized.embedding import Embedding
from octavo.nn.quantized.embedding_bag import EmbeddingBag
from octavo.nn.quantized.instance_norm import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from octavo.nn.quantized.linear import Linear
from octavo.nn.quantized.lstm import LSTM
from octavo.nn.quantized.normalization import GroupNorm, LayerNorm
from octavo.nn.quantized.prelu import PReLU
from octavo.nn.quantized.softmax import Softmax
from octavo.nn.stubs import DeQuantize, Quantize

__all__ = [
    "ELU",
    "LSTM",
    "BatchNorm2d",
    "BatchNorm3d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "DeQuantize",
    "Dropout",
    "Embedding",
    "EmbeddingBag",
    "FXFloatFunctional",
    "FloatFunctional",
    "GroupNorm",
    "Hardswish",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "MultiheadAttention",
    "PReLU",
    "QFunctional",
    "Quantize",
    "ReLU6",
    "Sigmoid",
    "Softmax",
    "functional",
]
