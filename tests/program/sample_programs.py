"""A small program that has a bit of everything a file can hold."""

from __future__ import annotations

import numpy as np
from builders import FLOAT, quantized, weights

from octavo.program import Input, Operator, Program, Symbol, Value


def sample_program(seed: int = 0) -> Program:
    """Return a program with two inputs, two symbols, a residual, a table, a symbolic reshape and a dict of outputs."""
    rng = np.random.default_rng(seed)
    constants = {f"conv.{role}": array for role, array in weights(rng, (4, 3, 3, 3)).items()}
    constants |= {f"head.{role}": array for role, array in weights(rng, (5, 4)).items()}
    constants |= {f"up.{role}": array for role, array in weights(rng, (3, 4, 3, 3)).items()}
    constants |= {"up.bias": np.int32([1, -2, 3, 0]), "up.weight_scale": np.float32([0.1, 0.2, 0.3, 0.4])}
    constants["table"] = rng.integers(0, 256, 256, dtype=np.uint8)
    wide = quantized("uint8", 0.3, 120)
    conv = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    layer = ("weight", "bias", "weight_scale")
    operators = (
        Operator("quantize", "image", ("image",), ("x",)),
        Operator("conv", "conv", ("x", "skip"), ("c",), {**conv, "clamp_min": 120}, {r: f"conv.{r}" for r in layer}),
        Operator("table", "act", ("c",), ("t",), {}, {"table": "table"}),
        Operator("adaptive_avg_pool", "pool", ("t",), ("p",), {"output_size": (1, 1)}),
        Operator("reshape", "flatten", ("p",), ("f",), {"shape": ("batch", -1)}),
        Operator("linear", "head", ("f",), ("logits",), {}, {r: f"head.{r}" for r in layer}),
        Operator("clamp", "limit", ("logits",), ("limited",), {"min": -0.1, "max": None}),
        Operator("softmax", "softmax", ("limited",), ("probability",), {"axis": 1}),
        Operator(
            "conv_transpose", "up", ("x",), ("u",), {**conv, "output_padding": (0, 0)}, {r: f"up.{r}" for r in layer}
        ),
        Operator("concat", "join", ("u", "c"), ("joined",), {"axis": 0}),
    )
    return Program(
        inputs=(Input("image", "float32", ("batch", 3, "height", 8)), Input("skip", "int8", ("batch", 4, "height", 8))),
        outputs=("logits", "probability", "x"),
        values={
            "image": FLOAT,
            "skip": quantized("int8", 0.2, 100),
            "x": quantized(),
            "c": wide,
            "t": wide,
            "p": quantized("int8", 0.1, 90),
            "f": quantized("int8", 0.1, 90),
            "logits": FLOAT,
            "limited": FLOAT,
            "probability": Value("float32"),
            "u": wide,
            "joined": wide,
        },
        operators=operators,
        constants=constants,
        symbols={"batch": Symbol(example=2), "height": Symbol(4, 512, 8)},
        output_structure={"dict": {"z": 1, "logits": {"tuple": [0, None, [2, 0]]}}},
        producer="tests",
    )


def rows_program() -> Program:
    """Return a program of look-ups and float operators with parameters or constants."""
    rng = np.random.default_rng(0)
    constants = {
        "table.weight": rng.integers(0, 255, (7, 4), endpoint=True, dtype=np.uint8),
        "table.scale": rng.uniform(0.01, 0.02, 7).astype(np.float32),
        "table.offset": rng.normal(0, 1, 7).astype(np.float32),
        "bag.weight": rng.normal(0, 1, (9, 3)).astype(np.float32),
        "norm.weight": rng.normal(0, 1, 4).astype(np.float32),
        "norm.bias": rng.normal(0, 1, 4).astype(np.float32),
        "slope": rng.normal(0, 1, 6).astype(np.float32),
    }
    table = {role: f"table.{role}" for role in ("weight", "scale", "offset")}
    line, rows = {"weight": "norm.weight", "bias": "norm.bias"}, {"weight": "bag.weight"}
    operators = (
        Operator("embedding", "table", ("ids",), ("e",), {}, table),
        Operator("layer_norm", "norm", ("e",), ("n",), {"axes": 1, "eps": 1e-5}, line),
        Operator("prelu", "act", ("n",), ("a",), {}, {"slope": "slope"}),
        Operator("elu", "elu", ("a",), ("u",), {"alpha": 1.0, "scale": 1.5, "input_scale": 0.5}),
        Operator("group_norm", "group", ("u",), ("g",), {"groups": 3, "eps": 0.5}, dict.fromkeys(line, "slope")),
        Operator("embedding_bag", "bag", ("words", "starts", "w"), ("b",), {"mode": "weighted_sum"}, rows),
        Operator("softplus", "soft", ("b",), ("s",), {"beta": 1.5, "threshold": 20.0}),
    )
    return Program(
        inputs=(
            Input("ids", "int64", ("batch", 6)),
            Input("words", "int64", (8,)),
            Input("starts", "int64", (3,)),
            Input("w", "float32", (8,)),
        ),
        outputs=("g", "s"),
        values=dict.fromkeys(("ids", "words", "starts"), Value("int64")) | dict.fromkeys("wenaugbs", FLOAT),
        operators=operators,
        constants=constants,
        symbols={"batch": Symbol(example=2)},
        output_structure=[0, 1],
        producer="tests",
    )
