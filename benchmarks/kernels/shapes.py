"""The layers that the kernels are rated on: those where the seven networks spend their time."""

from dataclasses import dataclass
from math import prod

import numpy as np

from octavo.program import Input, Operator, Program, Value


@dataclass(frozen=True)
class Layer:
    """One convolution or linear layer, batch 1.

    Args:
        kind: "conv" or "linear".
        name: for the table.
        inputs: channels, or features of a linear layer.
        outputs: output channels, or features.
        size: height and width of the input in pixels; 1 for a linear layer.
        kernel: height and width; (1, 1) for a linear layer.
        stride: of both axes.
        groups: `inputs` for depthwise.
        residual: whether a second tensor is added before the one rounding.
    """

    kind: str
    name: str
    inputs: int
    outputs: int
    size: int = 1
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    groups: int = 1
    residual: bool = False

    @property
    def output_size(self) -> int:
        """Height and width of the output: padding is half the kernel."""
        return (self.size - 1) // self.stride + 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those with padding included."""
        return self.output_size**2 * self.outputs * prod(self.kernel) * (self.inputs // self.groups)

    @property
    def input_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The logical shapes of the input and, where there is one, the residual."""
        if self.kind == "linear":
            return ((1, self.inputs),)
        x = (1, self.inputs, self.size, self.size)
        return (x, (1, self.outputs, self.output_size, self.output_size)) if self.residual else (x,)

    def program(self, rng: np.random.Generator) -> Program:
        """Return a program of this one layer, uint8 in and out, with random weights."""
        x, y = Value("uint8", 0.0234375, 0), Value("uint8", 0.046875, 0)
        weight_shape = (self.outputs, self.inputs // self.groups, *(self.kernel if self.kind == "conv" else ()))
        constants = {
            "weight": rng.integers(-127, 127, weight_shape, dtype=np.int8, endpoint=True),
            "bias": rng.integers(-1000, 1000, self.outputs, dtype=np.int32),
            "weight_scale": np.full(self.outputs, 0.001, np.float32),
        }
        window = {"stride": (self.stride, self.stride), "dilation": (1, 1), "groups": self.groups,
                  "padding": tuple((k // 2, k // 2) for k in self.kernel)}  # fmt: skip
        names = ("x", "r") if self.residual else ("x",)
        return Program(
            inputs=tuple(Input(n, "uint8", shape) for n, shape in zip(names, self.input_shapes, strict=True)),
            outputs=("y",),
            values={"x": x, **({"r": y} if self.residual else {}), "y": y},
            operators=(Operator(self.kind, self.name, names, ("y",), window if self.kind == "conv" else {},
                                {role: role for role in constants}),),
            constants=constants,
        )  # fmt: skip

    def arrays(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Return random inputs of the program."""
        return [rng.integers(0, 255, shape, dtype=np.uint8, endpoint=True) for shape in self.input_shapes]


def _conv(name: str, inputs: int, outputs: int, size: int, kernel: int | tuple[int, int], stride: int = 1,
          groups: int = 1, residual: bool = False) -> Layer:  # fmt: skip
    window = (kernel, kernel) if isinstance(kernel, int) else kernel
    return Layer("conv", name, inputs, outputs, size, window, stride, groups, residual)


LAYERS = (
    _conv("3x3 56² 64", 64, 64, 56, 3),
    _conv("3x3 28² 128", 128, 128, 28, 3),
    _conv("3x3 14² 256", 256, 256, 14, 3),
    _conv("3x3 14² 256 + residual", 256, 256, 14, 3, residual=True),
    _conv("3x3 7² 512", 512, 512, 7, 3),
    _conv("3x3 56² 64→128 /2", 64, 128, 56, 3, stride=2),
    _conv("3x3 35² 96", 96, 96, 35, 3),
    _conv("1x7 17² 128", 128, 128, 17, (1, 7)),
    _conv("7x1 17² 128", 128, 128, 17, (7, 1)),
    _conv("1x1 56² 64→256", 64, 256, 56, 1),
    _conv("1x1 56² 256→64", 256, 64, 56, 1),
    _conv("1x1 28² 512→128", 512, 128, 28, 1),
    _conv("1x1 14² 1024→256", 1024, 256, 14, 1),
    _conv("1x1 7² 512→2048 + residual", 512, 2048, 7, 1, residual=True),
    _conv("1x1 56² 24→144", 24, 144, 56, 1),
    _conv("1x1 14² 384→64", 384, 64, 14, 1),
    _conv("1x1 14² 116", 116, 116, 14, 1),
    _conv("stem 7x7 224² 3→64 /2", 3, 64, 224, 7, stride=2),
    _conv("stem 3x3 224² 3→32 /2", 3, 32, 224, 3, stride=2),
    _conv("grouped 3x3 56² 256/32", 256, 256, 56, 3, groups=32),
    _conv("grouped 3x3 28² 512/32", 512, 512, 28, 3, groups=32),
    _conv("grouped 3x3 14² 1024/32", 1024, 1024, 14, 3, groups=32),
    _conv("depthwise 112² 32", 32, 32, 112, 3, groups=32),
    _conv("depthwise 56² 144", 144, 144, 56, 3, groups=144),
    _conv("depthwise 112² 96 /2", 96, 96, 112, 3, stride=2, groups=96),
    _conv("depthwise 14² 384", 384, 384, 14, 3, groups=384),
    _conv("depthwise 7² 960", 960, 960, 7, 3, groups=960),
    _conv("depthwise 5x5 14² 480", 480, 480, 14, 5, groups=480),
    Layer("linear", "linear 512→1000", 512, 1000),
    Layer("linear", "linear 2048→1000", 2048, 1000),
)
