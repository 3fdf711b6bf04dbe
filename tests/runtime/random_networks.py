"""Random programs that mix all ways in which values can share memory: views, joined concats, halos, in-place writes."""

from __future__ import annotations

import numpy as np

from octavo.program import Input, Operator, Program, Value

SCALE, ZERO_POINT = 0.05, 117
QPARAMS = {"dtype": "uint8", "scale": float(np.float32(SCALE)), "zero_point": ZERO_POINT}


class _Builder:
    """Grows a program value by value; `shapes` holds the concrete shape of each, for batch 2.

    All values are images (rank 4) or all are volumes (rank 5).
    """

    def __init__(self, rng: np.random.Generator, rank: int) -> None:
        self.rng = rng
        self.rank = rank
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
        return [v for v, shape in self.shapes.items() if len(shape) == self.rank and self.values[v].is_quantized]

    def pick(self) -> str:
        images = self.images()
        # Late values make deep programs, early ones long lifetimes.
        return images[-1] if self.rng.random() < 0.5 else images[self.rng.integers(len(images))]

    def conv(self) -> str:
        x = self.pick()
        n, c, *space = self.shapes[x]
        axes = len(space)
        kernel = int(self.rng.choice([1, 3, 5] if axes == 2 else [1, 2, 3]))
        stride = int(self.rng.choice([1, 1, 2]))
        pads = self.pads(kernel)
        sizes = [(size + sum(p) - kernel) // stride + 1 for size, p in zip(space, pads, strict=True)]
        if min(sizes) < 1 or np.prod(sizes) > 3000:
            return self.table()
        depthwise = c > 1 and self.rng.random() < 0.4
        oc = c if depthwise else int(self.rng.integers(1, 40))
        inputs = [x]
        same = [v for v in self.images() if self.shapes[v] == (n, oc, *sizes)]
        if same and self.rng.random() < 0.5:
            inputs.append(same[self.rng.integers(len(same))])
        weight = self.rng.integers(-127, 128, (oc, 1 if depthwise else c, *[kernel] * axes)).astype(np.int8)
        return self.add(
            "conv",
            inputs,
            (n, oc, *sizes),
            stride=[stride] * axes,
            dilation=[1] * axes,
            padding=pads,
            groups=c if depthwise else 1,
            weight=weight,
            bias=self.rng.integers(-2000, 2000, oc).astype(np.int32),
            weight_scale=self.rng.uniform(0.001, 0.01, oc).astype(np.float32),
        )

    def conv_transpose(self) -> str:
        x = self.pick()
        n, c, *space = self.shapes[x]
        kernel, stride = int(self.rng.integers(1, 5)), int(self.rng.integers(1, 4))
        pads = self.pads(kernel)
        more = int(self.rng.integers(0, stride))
        sizes = [(size - 1) * stride - sum(p) + kernel + more for size, p in zip(space, pads, strict=True)]
        if min(sizes) < 1 or np.prod(sizes) > 3000:
            return self.table()
        depthwise = c > 1 and self.rng.random() < 0.4
        oc = c if depthwise else int(self.rng.integers(1, 40))
        return self.add(
            "conv_transpose",
            [x],
            (n, oc, *sizes),
            stride=[stride] * len(space),
            dilation=[1] * len(space),
            padding=pads,
            output_padding=[more] * len(space),
            groups=c if depthwise else 1,
            weight=self.rng.integers(-127, 128, (c, 1 if depthwise else oc, *[kernel] * len(space))).astype(np.int8),
            bias=self.rng.integers(-2000, 2000, oc).astype(np.int32),
            weight_scale=self.rng.uniform(0.001, 0.01, oc).astype(np.float32),
        )

    def pads(self, kernel: int) -> list[list[int]]:
        return [[int(self.rng.integers(0, kernel)) for _ in range(2)] for _ in range(self.rank - 2)]

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
        axis = int(self.rng.choice([0, 1, 1, 1, *range(2, self.rank)]))
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
        axis = int(self.rng.integers(0, self.rank))
        size = self.shapes[x][axis]
        start = int(self.rng.integers(0, size))
        end = int(self.rng.integers(start + 1, size + 1))
        step = int(self.rng.choice([1, 1, 2]))
        shape = list(self.shapes[x])
        shape[axis] = -(-(end - start) // step)
        return self.add("slice", [x], tuple(shape), self.values[x], axis=axis, start=start, end=end, step=step)

    def pool(self) -> str:
        x = self.pick()
        shape, axes = self.shapes[x], self.rank - 2
        window = {"kernel": [3] * axes, "stride": [1] * axes, "padding": [[1, 1]] * axes, "ceil_mode": False}
        if self.rng.random() < 0.5:
            return self.add("max_pool", [x], shape, self.values[x], dilation=[1] * axes, **window)
        include = bool(self.rng.random() < 0.5)
        return self.add("avg_pool", [x], shape, count_include_pad=include, divisor=None, **window)

    def shuffle(self) -> str:
        x = self.pick()
        c = self.shapes[x][1]
        groups = int(self.rng.choice([g for g in range(1, c + 1) if c % g == 0]))
        return self.add("channel_shuffle", [x], self.shapes[x], self.values[x], groups=groups)

    def permute(self) -> str:
        x = self.pick()
        dims = [0, *(1 + self.rng.permutation(self.rank - 1)).tolist()]
        return self.add("permute", [x], tuple(self.shapes[x][d] for d in dims), self.values[x], dims=dims)

    def reshape(self) -> str:
        x = self.pick()
        n, c, *d, h, w = self.shapes[x]
        shapes = [(n, h, *d, c, w), (n, c * h, *d, 1, w), (n, c, *d, 1, h * w), (n, 1, *d, c, h * w)]
        shape = shapes[self.rng.integers(4)]
        return self.add("reshape", [x], shape, self.values[x], shape=[-1, *shape[1:]] if n > 1 else list(shape))


def random_program(seed: int) -> tuple[Program, tuple[int, ...]]:
    """Build a valid program of some twenty operators; returns it with the shape of its input."""
    rng = np.random.default_rng(seed)
    rank = 5 if seed % 3 == 2 else 4
    channels, *space = int(rng.integers(1, 20)), *rng.integers(3, 12 if rank == 4 else 7, rank - 2).tolist()
    shape = (2, channels, *space)
    builder = _Builder(rng, rank)
    builder.values["x"] = Value("float32")
    builder.add("quantize", ["x"], shape)
    kinds = (
        ["conv"] * 4
        + ["conv_transpose"] * 2
        + [
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
    )
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
