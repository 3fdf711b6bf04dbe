"""Which class takes the place of which: the tables, as data.

A row's left side is a class, or a class's name below `octavo.nn`; its right side is such a name. Names are looked up
when a table is first asked for, so that no family of modules is imported before it is needed.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from torch import nn
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

Rows = Mapping[Any, str]

STATIC: Rows = {
    "stubs.QuantStub": "stubs.Quantize",
    "stubs.DeQuantStub": "stubs.DeQuantize",
    "float_functional.FloatFunctional": "float_functional.QFunctional",
    nn.BatchNorm2d: "quantized.BatchNorm2d",
    nn.BatchNorm3d: "quantized.BatchNorm3d",
    nn.Conv1d: "quantized.Conv1d",
    nn.Conv2d: "quantized.Conv2d",
    nn.Conv3d: "quantized.Conv3d",
    nn.ConvTranspose1d: "quantized.ConvTranspose1d",
    nn.ConvTranspose2d: "quantized.ConvTranspose2d",
    nn.ConvTranspose3d: "quantized.ConvTranspose3d",
    nn.Dropout: "quantized.Dropout",
    nn.ELU: "quantized.ELU",
    nn.Embedding: "quantized.Embedding",
    nn.EmbeddingBag: "quantized.EmbeddingBag",
    nn.GroupNorm: "quantized.GroupNorm",
    nn.Hardswish: "quantized.Hardswish",
    nn.InstanceNorm1d: "quantized.InstanceNorm1d",
    nn.InstanceNorm2d: "quantized.InstanceNorm2d",
    nn.InstanceNorm3d: "quantized.InstanceNorm3d",
    nn.LayerNorm: "quantized.LayerNorm",
    nn.LeakyReLU: "quantized.LeakyReLU",
    nn.Linear: "quantized.Linear",
    NonDynamicallyQuantizableLinear: "quantized.Linear",
    nn.PReLU: "quantized.PReLU",
    nn.ReLU6: "quantized.ReLU6",
    "intrinsic.BNReLU2d": "intrinsic.quantized.BNReLU2d",
    "intrinsic.BNReLU3d": "intrinsic.quantized.BNReLU3d",
    "intrinsic.ConvAdd2d": "intrinsic.quantized.ConvAdd2d",
    "intrinsic.ConvAddReLU2d": "intrinsic.quantized.ConvAddReLU2d",
    "intrinsic.ConvBn1d": "quantized.Conv1d",
    "intrinsic.ConvBn2d": "quantized.Conv2d",
    "intrinsic.ConvBn3d": "quantized.Conv3d",
    "intrinsic.ConvBnReLU1d": "intrinsic.quantized.ConvReLU1d",
    "intrinsic.ConvBnReLU2d": "intrinsic.quantized.ConvReLU2d",
    "intrinsic.ConvBnReLU3d": "intrinsic.quantized.ConvReLU3d",
    "intrinsic.ConvReLU1d": "intrinsic.quantized.ConvReLU1d",
    "intrinsic.ConvReLU2d": "intrinsic.quantized.ConvReLU2d",
    "intrinsic.ConvReLU3d": "intrinsic.quantized.ConvReLU3d",
    "intrinsic.LinearBn1d": "quantized.Linear",
    "intrinsic.LinearLeakyReLU": "intrinsic.quantized.LinearLeakyReLU",
    "intrinsic.LinearReLU": "intrinsic.quantized.LinearReLU",
    "intrinsic.LinearTanh": "intrinsic.quantized.LinearTanh",
    "qat.Conv1d": "quantized.Conv1d",
    "qat.Conv2d": "quantized.Conv2d",
    "qat.Conv3d": "quantized.Conv3d",
    "qat.Linear": "quantized.Linear",
    "intrinsic.qat.ConvBn1d": "quantized.Conv1d",
    "intrinsic.qat.ConvBn2d": "quantized.Conv2d",
    "intrinsic.qat.ConvBn3d": "quantized.Conv3d",
    "intrinsic.qat.ConvBnReLU1d": "intrinsic.quantized.ConvReLU1d",
    "intrinsic.qat.ConvBnReLU2d": "intrinsic.quantized.ConvReLU2d",
    "intrinsic.qat.ConvBnReLU3d": "intrinsic.quantized.ConvReLU3d",
    "intrinsic.qat.ConvReLU1d": "intrinsic.quantized.ConvReLU1d",
    "intrinsic.qat.ConvReLU2d": "intrinsic.quantized.ConvReLU2d",
    "intrinsic.qat.ConvReLU3d": "intrinsic.quantized.ConvReLU3d",
    "intrinsic.qat.LinearBn1d": "quantized.Linear",
    "intrinsic.qat.LinearReLU": "intrinsic.quantized.LinearReLU",
}
"""`convert`: float, fused and QAT modules to those that compute in 8 bits."""

QAT: Rows = {
    nn.Conv1d: "qat.Conv1d",
    nn.Conv2d: "qat.Conv2d",
    nn.Conv3d: "qat.Conv3d",
    nn.Linear: "qat.Linear",
    "intrinsic.ConvBn1d": "intrinsic.qat.ConvBn1d",
    "intrinsic.ConvBn2d": "intrinsic.qat.ConvBn2d",
    "intrinsic.ConvBn3d": "intrinsic.qat.ConvBn3d",
    "intrinsic.ConvBnReLU1d": "intrinsic.qat.ConvBnReLU1d",
    "intrinsic.ConvBnReLU2d": "intrinsic.qat.ConvBnReLU2d",
    "intrinsic.ConvBnReLU3d": "intrinsic.qat.ConvBnReLU3d",
    "intrinsic.ConvReLU1d": "intrinsic.qat.ConvReLU1d",
    "intrinsic.ConvReLU2d": "intrinsic.qat.ConvReLU2d",
    "intrinsic.ConvReLU3d": "intrinsic.qat.ConvReLU3d",
    "intrinsic.LinearBn1d": "intrinsic.qat.LinearBn1d",
    "intrinsic.LinearReLU": "intrinsic.qat.LinearReLU",
}
"""`prepare_qat`: float and fused modules to those that train for 8 bits."""

DYNAMIC: Rows = {
    nn.Conv1d: "quantized.dynamic.Conv1d",
    nn.Conv2d: "quantized.dynamic.Conv2d",
    nn.Conv3d: "quantized.dynamic.Conv3d",
    nn.ConvTranspose1d: "quantized.dynamic.ConvTranspose1d",
    nn.ConvTranspose2d: "quantized.dynamic.ConvTranspose2d",
    nn.ConvTranspose3d: "quantized.dynamic.ConvTranspose3d",
    nn.Embedding: "quantized.Embedding",
    nn.EmbeddingBag: "quantized.EmbeddingBag",
    nn.GRU: "quantized.dynamic.GRU",
    nn.GRUCell: "quantized.dynamic.GRUCell",
    nn.LSTM: "quantized.dynamic.LSTM",
    nn.LSTMCell: "quantized.dynamic.LSTMCell",
    nn.Linear: "quantized.dynamic.Linear",
    NonDynamicallyQuantizableLinear: "quantized.dynamic.Linear",
    nn.RNN: "quantized.dynamic.RNN",
    nn.RNNCell: "quantized.dynamic.RNNCell",
    "qat.dynamic.Linear": "quantized.dynamic.Linear",
    "intrinsic.LinearReLU": "intrinsic.quantized.dynamic.LinearReLU",
}
"""`quantize_dynamic`: float modules to those with weights in 8 bits."""

EMBEDDING_QAT: Rows = {nn.Embedding: "qat.Embedding", nn.EmbeddingBag: "qat.EmbeddingBag"}
"""`prepare_qat` of embeddings, which only they ask for who want it."""

EMBEDDING_STATIC: Rows = {"qat.Embedding": "quantized.Embedding", "qat.EmbeddingBag": "quantized.EmbeddingBag"}
"""`convert` of embeddings trained for 8 bits."""

OBSERVED: Rows = {nn.LSTM: "quantizable.LSTM", nn.MultiheadAttention: "quantizable.MultiheadAttention"}
"""`prepare`: modules that are rebuilt of parts that can be observed."""

FROM_OBSERVED: Rows = {
    "quantizable.LSTM": "quantized.LSTM",
    "quantizable.MultiheadAttention": "quantized.MultiheadAttention",
}
"""`convert` of those."""


def classes(rows: Rows) -> dict[type[nn.Module], type[nn.Module]]:
    """Look up a table; the dict is the caller's own."""
    found = ((_class(left), _class(right)) for left, right in rows.items())
    return {left: right for left, right in found if left is not None and right is not None}


@cache
def _class(name: Any) -> Any:
    if not isinstance(name, str):
        return name
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(f"octavo.nn.{module}"), attribute, None)
    except ModuleNotFoundError:
        return None
