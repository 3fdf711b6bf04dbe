"""Catalogue: conv_transpose."""

from __future__ import annotations

from collections.abc import Callable

import builders
from builders import Case, Made, deferred


def case(label: str, **kwargs: object) -> tuple[str, Callable[[], Case]]:
    return label, deferred(builders.conv_transpose, **kwargs)


def conv_transpose_cases() -> Made:
    for size in (1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 33, 63, 64, 65):
        yield case(f"2x2-stride2-ic{size}", x=(1, size, 4, 5), oc=7, kernel=(2, 2), stride=2)
        yield case(f"4x4-stride2-oc{size}", x=(1, 6, 4, 3), oc=size, kernel=(4, 4), stride=2, padding=1)
        yield case(f"3x3-w{size}", x=(1, 3, 2, size), oc=4, padding=1)
        yield case(f"depthwise-c{size}", x=(1, size, 4, 5), oc=size, kernel=(4, 4), stride=2, padding=1, groups=size)
    yield case("decoder", x=(2, 32, 7, 9), oc=24, kernel=(2, 2), stride=2)
    yield case("3x3-stride2-output-padding", x=(1, 20, 5, 6), oc=18, stride=2, padding=1, output_padding=1)
    yield case("5x5-stride3x2", x=(2, 9, 4, 5), oc=10, kernel=(5, 5), stride=(3, 2), padding=2, output_padding=(2, 0))
    yield case("kernel-below-stride", x=(1, 5, 4, 3), oc=6, kernel=(1, 2), stride=(3, 4), output_padding=(2, 3))
    yield case("depthwise-kernel-below-stride", x=(1, 9, 3, 3), oc=9, kernel=(2, 1), stride=3, groups=9)
    yield case("stride1-1x1", x=(1, 33, 5, 5), oc=17, kernel=(1, 1))
    yield case("dilation2-stride2", x=(1, 6, 5, 4), oc=5, stride=2, dilation=2, padding=1)
    yield case("dilation3x2-stride2x3", x=(1, 6, 5, 4), oc=5, kernel=(3, 4), stride=(2, 3), dilation=(3, 2))
    yield case("dilation2-stride4", x=(1, 6, 5, 4), oc=5, kernel=(5, 5), stride=4, dilation=2, output_padding=3)
    yield case("dilation-above-stride", x=(1, 4, 3, 3), oc=4, stride=1, dilation=3, output_padding=2)
    yield case("padding-asymmetric", x=(1, 8, 5, 6), oc=9, kernel=(4, 3), stride=2, padding=((0, 3), (2, 1)))
    yield case("padding-beyond-kernel", x=(1, 4, 6, 7), oc=4, kernel=(2, 2), stride=2, padding=((3, 4), (5, 2)))
    yield case("padding-all-but-one", x=(1, 4, 2, 2), oc=4, kernel=(3, 3), stride=2, padding=((4, 0), (0, 4)))
    yield case("output-of-padding-alone", x=(1, 3, 1, 1), oc=4, kernel=(3, 3), stride=2, padding=((3, 0), (0, 3)),
               output_padding=1)  # fmt: skip
    yield case("one-pixel", x=(2, 24, 1, 1), oc=40, kernel=(4, 4))
    for groups in (2, 4, 32):
        yield case(f"groups{groups}", x=(1, 3 * groups, 4, 5), oc=2 * groups, kernel=(4, 3), stride=2, groups=groups)
    yield case("groups2-of-33", x=(1, 66, 3, 3), oc=34, kernel=(2, 2), stride=2, groups=2)
    yield case("depthwise-3x3", x=(2, 20, 5, 4), oc=20, stride=1, padding=1, groups=20)
    yield case("depthwise-bilinear", x=(1, 40, 4, 4), oc=40, kernel=(16, 16), stride=8, padding=4, groups=40)
    yield case("depthwise-multiplier2", x=(1, 6, 4, 4), oc=12, kernel=(4, 4), stride=2, padding=1, groups=6)
    yield case("1d", x=(2, 6, 9), oc=11, kernel=(4,), stride=2, padding=1)
    yield case("1d-upsampling", x=(1, 24, 13), oc=20, kernel=(16,), stride=8, padding=4)
    yield case("3d", x=(1, 10, 3, 4, 3), oc=12, kernel=(2, 2, 2), stride=2)
    yield case("3d-anisotropic", x=(2, 5, 2, 4, 3), oc=9, kernel=(1, 4, 3), stride=(1, 2, 3),
               padding=((0, 0), (1, 1), (0, 2)), output_padding=(0, 1, 2))  # fmt: skip
    yield case("3d-groups", x=(1, 8, 3, 2, 3), oc=12, kernel=(3, 2, 2), stride=2, groups=4)
    yield case("3d-depthwise", x=(1, 18, 3, 4, 3), oc=18, kernel=(4, 4, 4), stride=2, padding=1, groups=18)
    yield from _types()
    for label, kwargs in {
        "2x2": {"kernel": (2, 2), "stride": 2},
        "3x3": {"stride": 2, "padding": 1, "output_padding": 1, "oc": 37},
        "no-taps": {"kernel": (1, 2), "stride": (2, 3), "output_padding": 1},
        "groups": {"x": (2, 12, 4, 5), "groups": 4, "stride": 2},
        "depthwise": {"groups": 8, "kernel": (4, 4), "stride": 2, "padding": 1},
        "depthwise-no-taps": {"groups": 8, "kernel": (1, 1), "stride": 2},
        "dilation": {"dilation": 2, "stride": 3, "padding": 2},
        "1d": {"x": (2, 8, 9), "kernel": (4,), "stride": 2},
        "3d": {"x": (1, 5, 3, 4, 3), "kernel": (2, 3, 2), "stride": 2},
    }.items():
        yield case(f"float-{label}", dtype="float32", **kwargs)


def _types() -> Made:
    shapes = {
        "4x4": {"x": (1, 20, 4, 5), "oc": 36, "kernel": (4, 4), "stride": 2, "padding": 1},
        "depthwise": {"x": (1, 35, 4, 5), "oc": 35, "kernel": (4, 4), "stride": 2, "padding": 1, "groups": 35},
    }
    for shape, kwargs in shapes.items():
        for dtype in ("uint8", "int8"):
            for zero_point in (0, 128, 255):
                yield case(f"{shape}-{dtype}-zero-point{zero_point}", dtype=dtype, zero_point=zero_point, **kwargs)
            for output in ("uint8", "int8", "float32"):
                yield case(f"{shape}-{dtype}-to-{output}", dtype=dtype, output=output, seed=1, **kwargs)
            yield case(f"{shape}-{dtype}-extreme", dtype=dtype, zero_point=0, extreme=True, **kwargs)
        yield case(f"{shape}-relu", clamp=(117, 255), **kwargs)
        yield case(f"{shape}-clamp-int8", clamp=(-11, 100), output="int8", **kwargs)
