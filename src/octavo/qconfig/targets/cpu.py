"""The native engine on a CPU."""

from octavo.qconfig.targets.target import Target

CPU = Target(
    name="cpu",
    operators=frozenset(
        {
            "adaptive_avg_pool",
            "add",
            "attention",
            "avg_pool",
            "channel_shuffle",
            "concat",
            "conv",
            "conv_transpose",
            "dequantize",
            "gather",
            "gru",
            "linear",
            "lstm",
            "matmul",
            "max_pool",
            "mul",
            "pad",
            "permute",
            "quantize",
            "range",
            "reshape",
            "rnn",
            "slice",
            "table",
            "take",
        }
    ),
    activation_dtypes=frozenset({"uint8", "int8"}),
    weight_dtype="int8",
    weight_range=(-127, 127),
)
