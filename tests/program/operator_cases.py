"""A catalogue of small programs, one operator each, that every executor must run to the same bits.

The shapes are where kernels go wrong: 1 to 10, powers of two and their neighbours, deep, shallow and narrow ones, with
every kind of stride, padding, dilation, group and zero_point, and the extremes of both operands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import attention_cases
import choosing_cases
import constant_cases
import dynamic_cases
import embedding_cases
import indexing_cases
import matmul_cases
import moving_cases
import normalizing_cases
import pointwise_cases
import pooling_cases
import recurrent_cases
import reducing_cases
import transposed_cases
import weighted_cases
from builders import Case, Made

CATALOGUES: dict[str, Callable[[], Made]] = {
    "cast": pointwise_cases.cast_cases,
    "truncate": pointwise_cases.truncate_cases,
    "quantize": pointwise_cases.quantize_cases,
    "dequantize": pointwise_cases.dequantize_cases,
    "conv": weighted_cases.conv_cases,
    "conv_transpose": transposed_cases.conv_transpose_cases,
    "linear": weighted_cases.linear_cases,
    "dynamic_linear": dynamic_cases.dynamic_linear_cases,
    "dynamic_matmul": matmul_cases.dynamic_matmul_cases,
    "matmul": matmul_cases.matmul_cases,
    "dynamic_attention": attention_cases.dynamic_attention_cases,
    "attention": attention_cases.attention_cases,
    "add": pointwise_cases.add_cases,
    "mul": pointwise_cases.mul_cases,
    "binary": choosing_cases.binary_cases,
    "where": choosing_cases.where_cases,
    "table": pointwise_cases.table_cases,
    "concat": moving_cases.concat_cases,
    "max_pool": pooling_cases.max_pool_cases,
    "avg_pool": pooling_cases.avg_pool_cases,
    "adaptive_avg_pool": pooling_cases.adaptive_avg_pool_cases,
    "reshape": moving_cases.reshape_cases,
    "permute": moving_cases.permute_cases,
    "slice": moving_cases.slice_cases,
    "take": indexing_cases.take_cases,
    "gather": indexing_cases.gather_cases,
    "pad": moving_cases.pad_cases,
    "channel_shuffle": moving_cases.channel_shuffle_cases,
    "clamp": pointwise_cases.clamp_cases,
    "unary": pointwise_cases.unary_cases,
    "elu": pointwise_cases.elu_cases,
    "softplus": pointwise_cases.softplus_cases,
    "prelu": pointwise_cases.prelu_cases,
    "reduce": reducing_cases.reduce_cases,
    "cumsum": reducing_cases.cumsum_cases,
    "softmax": reducing_cases.softmax_cases,
    "log_softmax": reducing_cases.log_softmax_cases,
    "lstm": recurrent_cases.lstm_cases,
    "gru": recurrent_cases.gru_cases,
    "rnn": recurrent_cases.rnn_cases,
    "embedding": embedding_cases.embedding_cases,
    "embedding_bag": embedding_cases.embedding_bag_cases,
    "layer_norm": normalizing_cases.layer_norm_cases,
    "group_norm": normalizing_cases.group_norm_cases,
    "constant": constant_cases.constant_cases,
    "range": constant_cases.range_cases,
}


class OperatorCase(NamedTuple):
    """A program of one operator and its inputs: `program, inputs = case.build()`."""

    id: str
    build: Callable[[], Case]

    def __repr__(self) -> str:
        return self.id


def operator_cases(kind: str | None = None) -> list[OperatorCase]:
    """Return the catalogue, or its part of one operator type; `parametrize("case", operator_cases(), ids=repr)`."""
    return [
        OperatorCase(f"{name}-{label}", build)
        for name, make in CATALOGUES.items()
        if kind in (None, name)
        for label, build in make()
    ]
