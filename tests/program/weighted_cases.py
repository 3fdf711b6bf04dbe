"""Catalogue: conv and linear."""

from __future__ import annotations

from collections.abc import Callable

import builders
import numpy as np
from builders import Case, Made, deferred, one_operator, quantized

# Where tiles and vectors end: each small size, powers of two and their neighbours.
SIZES = (*range(1, 11), 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129)


def conv_cases() -> Made:
    def case(label: str, **kwargs: object) -> tuple[str, Callable[[], Case]]:
        return label, deferred(builders.conv, **kwargs)

    for size in SIZES:
        yield case(f"1x1-ic{size}", x=(1, size, 3, 3), oc=5, kernel=(1, 1))
        yield case(f"1x1-oc{size}", x=(1, 7, 3, 3), oc=size, kernel=(1, 1))
        yield case(f"3x3-w{size}", x=(1, 3, 4, size), oc=4, padding=1)
        yield case(f"depthwise-c{size}", x=(1, size, 6, 7), oc=size, padding=1, groups=size)
    yield case("1x1-pixels-wide", x=(2, 33, 29, 31), oc=65, kernel=(1, 1))
    yield case("1x1-deep", x=(1, 2000, 1, 1), oc=3, kernel=(1, 1))
    yield case("1x1-shallow", x=(1, 1, 20, 20), oc=130, kernel=(1, 1))
    yield case("stem-7x7-stride2", x=(1, 3, 33, 35), oc=16, kernel=(7, 7), stride=2, padding=3)
    yield case("3x3-batch3", x=(3, 16, 9, 8), oc=32, padding=1)
    yield case("3x3-larger", x=(1, 64, 14, 14), oc=64, padding=1)
    # Pixels at equal distances, whole lines and parts of them; windows whose bytes fill whole registers, and more.
    yield case("1x1-ic128-oc65", x=(2, 128, 9, 11), oc=65, kernel=(1, 1))
    yield case("3x3-ic64-lines", x=(1, 64, 5, 14), oc=48, padding=1)
    yield case("3x3-ic96-lines", x=(1, 96, 3, 28), oc=40, padding=1)
    yield case("3x3-ic64-stride2", x=(1, 64, 9, 37), oc=17, padding=1, stride=2)
    for kernel in ((2, 2), (5, 5), (1, 7), (7, 1), (4, 3)):
        yield case(f"kernel{kernel[0]}x{kernel[1]}", x=(1, 9, 11, 13), oc=17, kernel=kernel, padding=1)
    yield case("no-room-but-one", x=(2, 8, 3, 3), oc=40)
    yield case("stride3x2", x=(1, 5, 13, 12), oc=6, stride=(3, 2), padding=1)
    yield case("stride-past-kernel", x=(1, 16, 9, 9), oc=16, kernel=(1, 1), stride=2)
    yield case("dilation2x3", x=(1, 6, 12, 13), oc=10, dilation=(2, 3), padding=2)
    yield case("padding-asymmetric", x=(1, 8, 7, 6), oc=9, padding=((0, 2), (3, 1)), stride=2)
    yield case("padding-beyond-kernel", x=(1, 4, 2, 2), oc=4, padding=((4, 5), (3, 4)))
    for groups in (2, 3, 4, 32):
        yield case(f"groups{groups}", x=(1, 4 * groups, 6, 5), oc=8 * groups, padding=1, groups=groups)
    for size in (4, 8, 16, 32):
        yield case(f"groups-of-{size}", x=(1, 128, 5, 6), oc=128, padding=1, stride=2, groups=128 // size)
    yield case("groups2-of-33", x=(1, 66, 4, 4), oc=34, kernel=(1, 1), groups=2)
    for stride in (1, 2):
        yield case(f"depthwise-5x5-stride{stride}", x=(2, 24, 11, 9), oc=24, kernel=(5, 5), stride=stride,
                   padding=((2, 1), (1, 2)), groups=24)  # fmt: skip
    yield case("depthwise-stride2-c144", x=(1, 144, 13, 14), oc=144, stride=2, padding=((0, 1), (0, 1)), groups=144)
    yield case("depthwise-dilation2", x=(1, 40, 9, 9), oc=40, dilation=2, padding=2, groups=40)
    yield case("depthwise-multiplier3", x=(1, 10, 6, 6), oc=30, padding=1, groups=10)
    yield case("depthwise-1d", x=(2, 18, 21), oc=18, kernel=(3,), padding=1, groups=18)
    for length in (1, 5, 16, 33):
        yield case(f"1d-l{length}", x=(2, 6, length), oc=9, kernel=(3,), padding=((1, 1),))
    yield case("1d-stride2-dilation2", x=(1, 12, 30), oc=20, kernel=(5,), stride=2, dilation=2, padding=((3, 4),))
    yield from _conv_3d(case)
    yield from _conv_types(case)
    for label, kwargs in {
        "1x1": {"kernel": (1, 1)},
        "3x3": {"padding": 1, "stride": 2},
        "groups": {"x": (2, 12, 5, 6), "groups": 4, "padding": ((1, 0), (0, 2))},
        "depthwise": {"groups": 8, "dilation": 2, "padding": 2},
        "1d": {"x": (2, 8, 9), "kernel": (4,), "padding": 2},
        "3d": {"x": (2, 5, 4, 5, 6), "oc": 20, "kernel": (3, 2, 3), "padding": 1, "stride": (2, 1, 1)},
        "3d-depthwise": {"x": (1, 9, 4, 5, 3), "oc": 9, "kernel": (3, 3, 3), "padding": 1, "groups": 9},
        "wide": {"x": (1, 20, 8, 9), "oc": 37, "padding": 1},
    }.items():
        yield case(f"float-{label}", dtype="float32", **kwargs)


def _conv_3d(case: Callable[..., tuple[str, Callable[[], Case]]]) -> Made:
    cube = (3, 3, 3)
    for channels in (1, 3, 4, 17, 33, 64):
        yield case(f"3d-ic{channels}", x=(1, channels, 4, 5, 6), oc=9, kernel=cube, padding=1)
        yield case(f"3d-oc{channels}", x=(1, 5, 3, 3, 4), oc=channels, kernel=cube, padding=1)
        yield case(f"3d-depthwise-c{channels}", x=(1, channels, 4, 5, 6), oc=channels, kernel=cube, padding=1,
                   groups=channels)  # fmt: skip
    yield case("3d-1x1x1", x=(2, 20, 3, 4, 5), oc=33, kernel=(1, 1, 1))
    yield case("3d-stem", x=(1, 3, 9, 17, 15), oc=16, kernel=(3, 7, 7), stride=(1, 2, 2),
               padding=((1, 1), (3, 3), (3, 3)))  # fmt: skip
    yield case("3d-kernel-1x3x3", x=(2, 8, 5, 6, 7), oc=12, kernel=(1, 3, 3), padding=((0, 0), (1, 1), (1, 1)))
    yield case("3d-kernel-3x1x1", x=(2, 8, 5, 6, 7), oc=12, kernel=(3, 1, 1), padding=((1, 1), (0, 0), (0, 0)))
    yield case("3d-stride-dilation", x=(1, 6, 9, 10, 11), oc=10, kernel=(2, 3, 2), stride=(2, 1, 3), dilation=(3, 2, 1),
               padding=((3, 0), (0, 2), (1, 4)))  # fmt: skip
    yield case("3d-groups", x=(2, 12, 4, 5, 3), oc=20, kernel=cube, padding=1, groups=4)
    yield case("3d-depthwise-stride2", x=(2, 24, 9, 8, 7), oc=24, kernel=(3, 2, 3), stride=2, dilation=(1, 2, 2),
               padding=((2, 0), (1, 1), (0, 3)), groups=24)  # fmt: skip
    yield case("3d-padding-beyond-kernel", x=(1, 4, 1, 2, 2), oc=4, kernel=cube, padding=((4, 5), (3, 4), (0, 6)))


def _conv_types(case: Callable[..., tuple[str, Callable[[], Case]]]) -> Made:
    shapes = {
        "3x3": {"x": (1, 20, 7, 6), "oc": 36, "padding": 1},
        "1x1": {"x": (2, 35, 5, 5), "oc": 67, "kernel": (1, 1)},
        "depthwise": {"x": (1, 35, 7, 6), "oc": 35, "padding": 1, "groups": 35},
        "groups-of-8": {"x": (1, 64, 5, 7), "oc": 64, "padding": 1, "groups": 8},
        "3d": {"x": (1, 9, 3, 4, 5), "oc": 19, "kernel": (2, 3, 3), "padding": 1},
        "3d-depthwise": {"x": (1, 19, 3, 4, 5), "oc": 19, "kernel": (2, 3, 3), "padding": 1, "groups": 19},
    }
    for shape, kwargs in shapes.items():
        for dtype in ("uint8", "int8"):
            for zero_point in (0, 128, 255):
                yield case(f"{shape}-{dtype}-zero-point{zero_point}", dtype=dtype, zero_point=zero_point, **kwargs)
            for output in ("uint8", "int8", "float32"):
                yield case(f"{shape}-{dtype}-to-{output}", dtype=dtype, output=output, seed=1, **kwargs)
            for residual in ("uint8", "int8"):
                for output in ("uint8", "int8"):
                    yield case(f"{shape}-{dtype}-residual-{residual}-to-{output}", dtype=dtype, residual=residual,
                               output=output, **kwargs)  # fmt: skip
            yield case(f"{shape}-{dtype}-extreme", dtype=dtype, zero_point=0, extreme=True, **kwargs)
        yield case(f"{shape}-relu", clamp=(117, 255), **kwargs)
        yield case(f"{shape}-from-zero", output_zero_point=0, **kwargs)
        yield case(f"{shape}-from-zero-residual", output_zero_point=0, residual="uint8", **kwargs)
        yield case(f"{shape}-relu6-residual", clamp=(117, 200), residual="uint8", **kwargs)
        yield case(f"{shape}-clamp-to-one-integer", clamp=(9, 9), **kwargs)
        yield case(f"{shape}-clamp-int8", clamp=(-11, 100), output="int8", **kwargs)


def linear_cases() -> Made:
    for size in SIZES:
        yield f"in{size}", deferred(builders.linear, x=(2, size), out=5)
        yield f"out{size}", deferred(builders.linear, x=(1, 7), out=size)
        yield f"rows{size}", deferred(builders.linear, x=(size, 19), out=9)
    yield "deep", deferred(builders.linear, x=(1, 5000), out=3)
    yield "classifier", deferred(builders.linear, x=(1, 512), out=1000, output="float32")
    yield "one-axis", deferred(builders.linear, x=(33,), out=18)
    yield "four-axes", deferred(builders.linear, x=(2, 3, 4, 33), out=18)
    for dtype in ("uint8", "int8"):
        for output in ("uint8", "int8", "float32"):
            yield f"{dtype}-to-{output}", deferred(builders.linear, x=(5, 70), out=37, dtype=dtype, output=output)
        for residual in ("uint8", "int8"):
            yield (
                f"{dtype}-residual-{residual}",
                deferred(builders.linear, x=(5, 70), out=37, dtype=dtype, residual=residual, output=dtype),
            )
        for zero_point in (0, 255):
            yield (
                f"{dtype}-zero-point{zero_point}",
                deferred(builders.linear, x=(3, 70), out=37, dtype=dtype, zero_point=zero_point),
            )
        yield f"{dtype}-extreme", deferred(builders.linear, x=(3, 300), out=37, dtype=dtype, zero_point=0, extreme=True)
    yield "sums-past-2-24", deferred(builders.linear, x=(3, 1500), out=37, zero_point=3, extreme=True, output="float32")
    yield "ties", _ties
    yield "clamp", deferred(builders.linear, x=(5, 70), out=37, clamp=(117, 180))
    for x, out in (((1, 1), 1), ((3, 70), 37), ((2, 3, 16), 64)):
        yield f"float-{'x'.join(map(str, x))}-{out}", deferred(builders.linear, x=x, out=out, dtype="float32")


def _ties() -> Case:
    """Every odd sum lies halfway between two integers: the multiplier is 1/2."""
    rng = np.random.default_rng(0)
    x = quantized("uint8", 1.0, 128)
    constants = {
        "weight": rng.integers(-2, 3, (40, 9), dtype=np.int8),
        "bias": rng.integers(-9, 9, 40, dtype=np.int32),
        "weight_scale": np.ones(40, np.float32),
    }
    array = rng.integers(120, 136, (30, 9), dtype=np.uint8)
    return one_operator("linear", [array], [x], quantized("int8", 2.0, 130), {}, constants)
