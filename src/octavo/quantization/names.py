"""Every public name of `torch.ao.quantization`: where it lives here, or why it is gone.

One table that the namespace, its documentation and its test follow.
"""

from __future__ import annotations

KEPT: dict[str, tuple[str, ...]] = {
    "octavo.nn": ("QTensor",),
    "octavo.nn.stubs": ("DeQuantStub", "QuantStub", "QuantWrapper"),
    "octavo.observers": (
        "FixedQParamsObserver",
        "HistogramObserver",
        "MinMaxObserver",
        "MovingAverageMinMaxObserver",
        "MovingAveragePerChannelMinMaxObserver",
        "NoopObserver",
        "ObserverBase",
        "PerChannelMinMaxObserver",
        "PlaceholderObserver",
        "RecordingObserver",
        "ReuseInputObserver",
        "UniformQuantizationObserverBase",
        "default_affine_fixed_qparams_observer",
        "default_debug_observer",
        "default_dynamic_quant_observer",
        "default_fixed_qparams_range_0to1_observer",
        "default_fixed_qparams_range_neg1to1_observer",
        "default_float_qparams_observer",
        "default_histogram_observer",
        "default_observer",
        "default_per_channel_weight_observer",
        "default_placeholder_observer",
        "default_reuse_input_observer",
        "default_symmetric_fixed_qparams_observer",
        "default_weight_observer",
        "per_channel_weight_observer_range_neg_127_to_127",
        "sync_observers",
        "weight_observer_range_neg_127_to_127",
    ),
    "octavo.fake_quantize": (
        "FakeQuantize",
        "FakeQuantizeBase",
        "FixedQParamsFakeQuantize",
        "FusedMovingAvgObsFakeQuantize",
        "LearnedFakeQuantize",
        "default_affine_fixed_qparams_fake_quant",
        "default_dynamic_fake_quant",
        "default_embedding_fake_quant",
        "default_fake_quant",
        "default_fixed_qparams_range_0to1_fake_quant",
        "default_fixed_qparams_range_neg1to1_fake_quant",
        "default_fused_act_fake_quant",
        "default_fused_per_channel_wt_fake_quant",
        "default_fused_wt_fake_quant",
        "default_histogram_fake_quant",
        "default_per_channel_weight_fake_quant",
        "default_symmetric_fixed_qparams_fake_quant",
        "default_weight_fake_quant",
        "disable_fake_quant",
        "disable_observer",
        "enable_fake_quant",
        "enable_observer",
        "fused_per_channel_wt_fake_quant_range_neg_127_to_127",
        "fused_wt_fake_quant_range_neg_127_to_127",
    ),
    "octavo.qconfig": (
        "QConfig",
        "QConfigAny",
        "QConfigDynamic",
        "QConfigMapping",
        "default_activation_only_qconfig",
        "default_debug_qconfig",
        "default_dynamic_qconfig",
        "default_embedding_qat_qconfig",
        "default_dynamic_qat_qconfig",
        "default_lsq_qconfig",
        "default_per_channel_qconfig",
        "default_per_channel_symmetric_qnnpack_qat_qconfig",
        "default_per_channel_symmetric_qnnpack_qconfig",
        "default_qat_qconfig",
        "default_qat_qconfig_v2",
        "default_qconfig",
        "default_quint8_weight_qconfig",
        "default_reuse_input_qconfig",
        "default_symmetric_qnnpack_qat_qconfig",
        "default_symmetric_qnnpack_qconfig",
        "default_weight_only_qconfig",
        "float16_dynamic_qconfig",
        "float16_static_qconfig",
        "float_qparams_weight_only_qconfig",
        "get_lsq_qat_qconfig",
        "get_default_qat_qconfig",
        "get_default_qat_qconfig_dict",
        "get_default_qat_qconfig_mapping",
        "get_default_qconfig",
        "get_default_qconfig_dict",
        "get_default_qconfig_mapping",
        "per_channel_dynamic_qconfig",
        "qconfig_equals",
    ),
    "octavo.eager": (
        "add_quant_dequant",
        "convert",
        "default_eval_fn",
        "fuse_conv_bn",
        "fuse_conv_bn_relu",
        "fuse_convtranspose_bn",
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
        "load_observer_state_dict",
        "no_observer_set",
        "prepare",
        "prepare_qat",
        "propagate_qconfig_",
        "quantize",
        "quantize_dynamic",
        "quantize_qat",
        "report_seams",
        "set_qconfig",
        "swap_module",
    ),
    "octavo.recipe.fx": ("convert_fx", "fuse_fx", "prepare_fx", "prepare_qat_fx"),
    "octavo.recipe.save": ("to_program",),
}
"""Room → the names that it holds; the same arguments, the same meaning."""

_SCRIPT = "TorchScript is gone: capture is torch.export (`prepare_fx`), files are `octavo.save`"
_TORCHAO = "part of PyTorch's later export quantizer, which has not come out of torch.ao"
_PATTERN = "patterns are the passes of `octavo.graph.passes`, one function a file"
_FOUR_BITS = "4-bit tables are not part of a program; 8-bit ones are (`default_embedding_fake_quant`)"
_SPARSE = "a program has no sparse weights"

GONE: dict[str, str] = {
    "AffineQuantizedObserverBase": _TORCHAO,
    "Granularity": _TORCHAO,
    "MappingType": _TORCHAO,
    "PerAxis": _TORCHAO,
    "PerBlock": _TORCHAO,
    "PerGroup": _TORCHAO,
    "PerRow": _TORCHAO,
    "PerTensor": _TORCHAO,
    "PerToken": _TORCHAO,
    "TorchAODType": _TORCHAO,
    "ZeroPointDomain": _TORCHAO,
    "get_block_size": _TORCHAO,
    "MatchAllNode": _PATTERN,
    "Pattern": _PATTERN,
    "get_fuser_method_new": _PATTERN,
    "get_combined_dict": "write {**a, **b}",
    "ObserverOrFakeQuantize": "an annotation; write `Observer | FakeQuantizeBase`",
    "QuantType": "a name for the kind of a qconfig; ask `qconfig.activation` itself",
    "convert_dynamic_jit": _SCRIPT,
    "convert_jit": _SCRIPT,
    "fuse_conv_bn_jit": _SCRIPT,
    "prepare_dynamic_jit": _SCRIPT,
    "prepare_jit": _SCRIPT,
    "quantize_dynamic_jit": _SCRIPT,
    "quantize_jit": _SCRIPT,
    "script_qconfig": _SCRIPT,
    "script_qconfig_dict": _SCRIPT,
    "default_embedding_fake_quant_4bit": _FOUR_BITS,
    "default_embedding_qat_qconfig_4bit": _FOUR_BITS,
    "default_float_qparams_observer_4bit": _FOUR_BITS,
    "float_qparams_weight_only_qconfig_4bit": _FOUR_BITS,
    "get_default_dynamic_sparse_quant_module_mappings": _SPARSE,
    "get_default_static_sparse_quant_module_mappings": _SPARSE,
    "get_default_static_quant_reference_module_mappings": "the reference of every operator is the NumPy executor, "
    "`octavo.program.reference`",
    "convert_to_reference_fx": "the program is the reference: `octavo.program.reference` runs it",
}
"""Name → why there is no such name, and what to write in its place."""

FAMILIES: dict[str, dict[str, tuple[str, ...]]] = {
    "nn.quantized": {
        "octavo.nn.quantized": (
            "BatchNorm2d", "BatchNorm3d", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d",
            "ConvTranspose3d", "DeQuantize", "Dropout", "ELU", "Embedding", "EmbeddingBag", "FXFloatFunctional",
            "FloatFunctional", "GroupNorm", "Hardswish", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
            "LSTM", "LayerNorm", "LeakyReLU", "Linear", "MultiheadAttention", "PReLU", "QFunctional", "Quantize",
            "ReLU6", "Sigmoid", "Softmax",
        )
    },
    "nn.quantized.dynamic": {
        "octavo.nn.quantized.dynamic": (
            "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "GRU", "GRUCell",
            "LSTM", "LSTMCell", "Linear", "RNNCell",
        )
    },
    "nn.quantizable": {"octavo.nn.quantizable": ("LSTM", "LSTMCell", "MultiheadAttention")},
    "nn.qat": {"octavo.nn.qat": ("Conv1d", "Conv2d", "Conv3d", "Embedding", "EmbeddingBag", "Linear")},
    "nn.qat.dynamic": {"octavo.nn.qat.dynamic": ("Linear",)},
    "nn.intrinsic": {
        "octavo.nn.intrinsic": (
            "BNReLU2d", "BNReLU3d", "ConvAdd2d", "ConvAddReLU2d", "ConvBn1d", "ConvBn2d", "ConvBn3d", "ConvBnReLU1d",
            "ConvBnReLU2d", "ConvBnReLU3d", "ConvReLU1d", "ConvReLU2d", "ConvReLU3d", "LinearBn1d",
            "LinearLeakyReLU", "LinearReLU", "LinearTanh",
        )
    },
    "nn.intrinsic.qat": {
        "octavo.nn.intrinsic.qat": (
            "ConvBn1d", "ConvBn2d", "ConvBn3d", "ConvBnReLU1d", "ConvBnReLU2d", "ConvBnReLU3d", "ConvReLU1d",
            "ConvReLU2d", "ConvReLU3d", "LinearBn1d", "LinearReLU", "freeze_bn_stats", "update_bn_stats",
        )
    },
    "nn.intrinsic.quantized": {
        "octavo.nn.intrinsic.quantized": (
            "BNReLU2d", "BNReLU3d", "ConvAdd2d", "ConvAddReLU2d", "ConvReLU1d", "ConvReLU2d", "ConvReLU3d",
            "LinearLeakyReLU", "LinearReLU", "LinearTanh",
        )
    },
    "nn.intrinsic.quantized.dynamic": {"octavo.nn.intrinsic.quantized.dynamic": ("LinearReLU",)},
}  # fmt: skip
"""Family of modules below `torch.ao` → package here → its classes, all of them kept."""

PLACES: dict[str, str] = {name: room for room, names in KEPT.items() for name in names}
"""Name → room."""
