"""Random programs that mix all ways in which values can share memory: views, joined concats, halos, in-place writes."""

from __future__ import annotations

import numpy as np

from octavo.program import Input, Operator, Program, Value

SCALE, ZERO_POINT = 0.05, 117
QPARAMS = {"dtype": "uint8", "scale": float(np.float32(SCALE)), "zero_point": ZERO_POINT}


class _Builder:
    """Grows a program value by value; `shapes` holds the concrete shape of each, for batch 2."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.operators: list[Operator] = []
        self.values: dict[str, Value] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.constants: dict[str, np.ndarray] = {}

    def add(self, kind: str, inputs: list[str], out: tuple[int, ...], value: Value | None = None, **attributes) -> str:
        name = f"{kind}_{len(self.operators)}"
        roles = {}
        for role in [key for key in attributes if isinstance(attributes[key], np.ndarray)]:
            roles[role] = f"{name}.{role}"
            self.constants[roles[role]] = attributes.pop(role)
        self.operators.append(Operator(kind, name, tuple(inputs), (name,), attributes, roles))
        self.values[name] = value or Value(**QPARAMS)
        self.shapes[name] = out
        return name

    def images(self) -> list[str]:
        return [name for name, shape in self.shapes.items() if len(shape) == 4 and self.values[name].is_quantized]

    def pick(self) -> str:
        images = self.images()
        # Late values make deep programs, early ones long lifetimes.
        return images[-1] if self.rng.random() < 0.5 else images[self.rng.integers(len(images))]

    def conv(self) -> str:
        x = self.pick()
        n, c, h, w = self.shapes[x]
        kernel = int(self.rng.choice([1, 3, 5]))
        stride = int(self.rng.choice([1, 1, 2]))
        pads = [[int(self.rng.integers(0, kernel)) for _ in range(2)] for _ in range(2)]
        oh, ow = ((s + sum(p) - kernel) // stride + 1 for s, p in zip((h, w), pads, strict=True))
        if min(oh, ow) < 1:
            return self.table()
        depthwise = c > 1 and self.rng.random() < 0.4
        oc = c if depthwise else int(self.rng.integers(1, 40))
        inputs = [x]
        same = [v for v in self.images() if self.shapes[v] == (n, oc, oh, ow)]
        if same and self.rng.random() < 0.5:
            inputs.append(same[self.rng.integers(len(same))])
        weight = self.rng.integers(-127, 128, (oc, 1 if depthwise else c, kernel, kernel)).astype(np.int8)
        return self.add(
            "conv",
            inputs,
            (n, oc, oh, ow),
            stride=[stride, stride],
            dilation=[1, 1],
            padding=pads,
            groups=c if depthwise else 1,
            weight=weight,
            bias=self.rng.integers(-2000, 2000, oc).astype(np.int32),
            weight_scale=self.rng.uniform(0.001, 0.01, oc).astype(np.float32),
        )

    def table(self) -> str:
        x = self.pick()
        return self.add("table", [x], self.shapes[x], table=self.rng.integers(0, 256, 256).astype(np.uint8))

    def binary(self) -> str:
        a = self.pick()
        same = [v for v in self.images() if self.shapes[v] == self.shapes[a]]
        b = same[self.rng.integers(len(same))]
        zero_point = int(self.rng.integers(0, 256))
        value = Value("uint8", QPARAMS["scale"], zero_point)
        return self.add(str(self.rng.choice(["add", "mul"])), [a, b], self.shapes[a], value)

    def concat(self) -> str:
        a = self.pick()
        axis = int(self.rng.choice([0, 1, 1, 1, 2, 3]))
        rest = [s for i, s in enumerate(self.shapes[a]) if i != axis]
        fits = [
            v
            for v in self.images()
            if [s for i, s in enumerate(self.shapes[v]) if i != axis] == rest and self.values[v] == self.values[a]
        ]
        parts = [a, *(fits[self.rng.integers(len(fits))] for _ in range(int(self.rng.integers(1, 3))))]
        shape = list(self.shapes[a])
        shape[axis] = sum(self.shapes[v][axis] for v in parts)
        if np.prod(shape) > 60_000:
            return self.table()
        return self.add("concat", parts, tuple(shape), self.values[a], axis=axis)

    def slice(self) -> str:
        x = self.pick()
        axis = int(self.rng.integers(0, 4))
        size = self.shapes[x][axis]
        start = int(self.rng.integers(0, size))
        end = int(self.rng.integers(start + 1, size + 1))
        step = int(self.rng.choice([1, 1, 2]))
        shape = list(self.shapes[x])
        shape[axis] = -(-(end - start) // step)
        return self.add("slice", [x], tuple(shape), self.values[x], axis=axis, start=start, end=end, step=step)

    def pool(self) -> str:
        x = self.pick()
        n, c, h, w = self.shapes[x]
        window = {"kernel": [3, 3], "stride": [1, 1], "padding": [[1, 1], [1, 1]], "ceil_mode": False}
        if self.rng.random() < 0.5:
            return self.add("max_pool", [x], (n, c, h, w), self.values[x], dilation=[1, 1], **window)
        return self.add(
            "avg_pool", [x], (n, c, h, w), count_include_pad=bool(self.rng.random() < 0.5), divisor=None, **window
        )

    def shuffle(self) -> str:
        x = self.pick()
        c = self.shapes[x][1]
        groups = int(self.rng.choice([g for g in range(1, c + 1) if c % g == 0]))
        return self.add("channel_shuffle", [x], self.shapes[x], self.values[x], groups=groups)

    def permute(self) -> str:
        x = self.pick()
        dims = [0, *(1 + self.rng.permutation(3)).tolist()]
        return self.add("permute", [x], tuple(self.shapes[x][d] for d in dims), self.values[x], dims=dims)

    def reshape(self) -> str:
        x = self.pick()
        n, c, h, w = self.shapes[x]
        shape = [(n, h, c, w), (n, c * h, 1, w), (n, c, 1, h * w), (n, 1, c, h * w)][self.rng.integers(4)]
        return self.add("reshape", [x], shape, self.values[x], shape=[-1, *shape[1:]] if n > 1 else list(shape))


def random_program(seed: int) -> tuple[Program, tuple[int, ...]]:
    """Build a valid program of some twenty operators; returns it with the shape of its input."""
    rng = np.random.default_rng(seed)
    shape = (2, int(rng.integers(1, 20)), int(rng.integers(3, 12)), int(rng.integers(3, 12)))
    builder = _Builder(rng)
    builder.values["x"] = Value("float32")
    builder.add("quantize", ["x"], shape)
    kinds = ["conv"] * 4 + [
        "table",
        "binary",
        "binary",
        "concat",
        "concat",
        "slice",
        "pool",
        "shuffle",
        "permute",
        "reshape",
    ]
    for _ in range(int(rng.integers(5, 25))):
        getattr(builder, str(rng.choice(kinds)))()
    images = builder.images()
    outputs = dict.fromkeys([images[-1], *(str(name) for name in rng.choice(images, size=3))])
    floats = [
        builder.add("dequantize", [name], builder.shapes[name], Value("float32"))
        for name in outputs
        if rng.random() < 0.5
    ]
    program = Program(
        inputs=(Input("x", "float32", shape),),
        outputs=(*outputs, *floats),
        values=builder.values,
        operators=tuple(builder.operators),
        constants=builder.constants,
        output_structure=list(range(len(outputs) + len(floats))),
    )
    return program, shape
