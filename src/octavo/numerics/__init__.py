"""The affine map, qparams, rounding, fake quantization and requantization: pure functions on tensors."""

from octavo.numerics.affine import dequantize, quantize
from octavo.numerics.choose_qparams import DEFAULT_EPS, affine_qparams, choose_qparams, default_quant_range
from octavo.numerics.dtypes import Dtype, dtype_name, dtype_range
from octavo.numerics.fake_quantize import fake_quantize, fake_quantize_affine
from octavo.numerics.folding import batch_norm_affine, by_output_channel, fold_affine, fold_bias, scale_rows
from octavo.numerics.learned_fake_quantize import learned_fake_quantize
from octavo.numerics.qparams import Qparams, check_quant_range, symmetric_zero_point
from octavo.numerics.qscheme import Qscheme, has_float_zero_point, is_per_channel, is_symmetric, qscheme_name
from octavo.numerics.requantize import (
    accumulator_bound,
    least_weight_scale,
    quantize_bias,
    raise_weight_scale,
    requantize,
    requantize_multiplier,
)
from octavo.numerics.rounding import Rounding, round_to_integer
from octavo.numerics.sqnr import sqnr

__all__ = [
    "DEFAULT_EPS",
    "Dtype",
    "Qparams",
    "Qscheme",
    "Rounding",
    "accumulator_bound",
    "affine_qparams",
    "batch_norm_affine",
    "by_output_channel",
    "check_quant_range",
    "choose_qparams",
    "default_quant_range",
    "dequantize",
    "dtype_name",
    "dtype_range",
    "fake_quantize",
    "fake_quantize_affine",
    "fold_affine",
    "fold_bias",
    "has_float_zero_point",
    "is_per_channel",
    "is_symmetric",
    "learned_fake_quantize",
    "least_weight_scale",
    "qscheme_name",
    "quantize",
    "quantize_bias",
    "raise_weight_scale",
    "requantize",
    "requantize_multiplier",
    "round_to_integer",
    "scale_rows",
    "sqnr",
    "symmetric_zero_point",
]
