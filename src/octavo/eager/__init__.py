"""The eager front door: fuse, prepare, calibrate or train, and convert a model module by module."""

from octavo.eager.convert import convert
from octavo.eager.errors import (
    AlreadyConvertedError,
    FusionError,
    ModeError,
    NotCalibratedError,
    NotPreparedError,
)
from octavo.eager.fuse_modules import fuse_known_modules, fuse_modules, fuse_modules_qat
from octavo.eager.fusers import (
    fuse_conv_bn,
    fuse_conv_bn_relu,
    fuse_convtranspose_bn,
    fuse_linear_bn,
    get_fuser_method,
)
from octavo.eager.layers import layer_outputs
from octavo.eager.module_classes import (
    get_default_compare_output_module_list,
    get_default_custom_config_dict,
    get_default_dynamic_quant_module_mappings,
    get_default_float_to_quantized_operator_mappings,
    get_default_qat_module_mappings,
    get_default_qconfig_propagation_list,
    get_default_static_quant_module_mappings,
    get_dynamic_quant_module_class,
    get_embedding_qat_module_mappings,
    get_embedding_static_quant_module_mappings,
    get_quantized_operator,
    get_static_quant_module_class,
    no_observer_set,
)
from octavo.eager.prepare import prepare, prepare_qat
from octavo.eager.propagate import propagate_qconfig_
from octavo.eager.quantize import default_eval_fn, quantize, quantize_qat
from octavo.eager.quantize_dynamic import quantize_dynamic
from octavo.eager.seams import FloatModule, float_modules, report_seams, seams_table
from octavo.eager.selective import set_qconfig
from octavo.eager.swap import swap_module
from octavo.eager.wrap import add_quant_dequant
from octavo.observers import get_observer_state_dict, load_observer_state_dict

__all__ = [
    "AlreadyConvertedError",
    "FloatModule",
    "FusionError",
    "ModeError",
    "NotCalibratedError",
    "NotPreparedError",
    "add_quant_dequant",
    "convert",
    "default_eval_fn",
    "float_modules",
    "fuse_conv_bn",
    "fuse_conv_bn_relu",
    "fuse_convtranspose_bn",
    "fuse_known_modules",
    "fuse_linear_bn",
    "fuse_modules",
    "fuse_modules_qat",
    "get_default_compare_output_module_list",
    "get_default_custom_config_dict",
    "get_default_dynamic_quant_module_mappings",
    "get_default_float_to_quantized_operator_mappings",
    "get_default_qat_module_mappings",
    "get_default_qconfig_propagation_list",
    "get_default_static_quant_module_mappings",
    "get_dynamic_quant_module_class",
    "get_embedding_qat_module_mappings",
    "get_embedding_static_quant_module_mappings",
    "get_fuser_method",
    "get_observer_state_dict",
    "get_quantized_operator",
    "get_static_quant_module_class",
    "layer_outputs",
    "load_observer_state_dict",
    "no_observer_set",
    "prepare",
    "prepare_qat",
    "propagate_qconfig_",
    "quantize",
    "quantize_dynamic",
    "quantize_qat",
    "report_seams",
    "seams_table",
    "set_qconfig",
    "swap_module",
]
