"""Catalogue: pooling."""

from __future__ import annotations

from typing import Any

from builders import FLOAT, Made, deferred, quantized, unary_operator

U8, S8 = quantized(), quantized("int8", 0.04, 100)
TYPES = {"uint8": U8, "int8": S8, "float32": FLOAT}
CHANNELS = (1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 63, 64, 65, 129)

# kernel, stride, padding, ceil_mode, input
WINDOWS: dict[str, tuple[Any, ...]] = {
    "2x2": ((2, 2), (2, 2), ((0, 0), (0, 0)), False, (1, 5, 8, 6)),
    "3x3-stride2-padding1": ((3, 3), (2, 2), ((1, 1), (1, 1)), False, (2, 7, 9, 8)),
    "3x3-stride1": ((3, 3), (1, 1), ((1, 1), (1, 1)), False, (1, 20, 5, 6)),
    "ceil": ((3, 3), (2, 2), ((0, 0), (0, 0)), True, (1, 6, 8, 10)),
    "ceil-padding": ((3, 3), (2, 2), ((1, 1), (1, 1)), True, (1, 6, 8, 7)),
    "ceil-drops-the-last": ((2, 2), (3, 3), ((1, 1), (1, 1)), True, (1, 6, 7, 4)),
    "asymmetric": ((3, 4), (2, 1), ((0, 2), (3, 1)), False, (1, 9, 6, 7)),
    "asymmetric-ceil": ((4, 3), (3, 2), ((1, 3), (2, 0)), True, (1, 9, 10, 9)),
    "stride-past-kernel": ((1, 2), (3, 3), ((0, 0), (0, 0)), False, (1, 9, 8, 9)),
    "whole": ((6, 5), (1, 1), ((0, 0), (0, 0)), False, (2, 12, 6, 5)),
    "one-pixel": ((3, 3), (1, 1), ((1, 1), (1, 1)), False, (1, 40, 1, 1)),
    "1d": ((3,), (2,), ((1, 1),), False, (2, 6, 11)),
    "3d": ((2, 2, 2), (2, 2, 2), ((0, 0),) * 3, False, (2, 5, 4, 6, 5)),
    "3d-padding1": ((3, 3, 3), (2, 1, 2), ((1, 1),) * 3, False, (1, 33, 5, 4, 7)),
    "3d-asymmetric-ceil": ((3, 1, 4), (2, 2, 3), ((2, 0), (0, 0), (1, 3)), True, (1, 7, 6, 5, 9)),
    "3d-deep": ((8, 6, 7), (1, 1, 1), ((0, 0),) * 3, False, (1, 18, 8, 6, 8)),
    "1d-ceil": ((4,), (3,), ((0, 2),), True, (1, 18, 12)),
}


def _window(name: str) -> tuple[tuple[int, ...], dict[str, Any]]:
    kernel, stride, padding, ceil_mode, shape = WINDOWS[name]
    return shape, {"kernel": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}


def max_pool_cases() -> Made:
    for name in WINDOWS:
        shape, attributes = _window(name)
        for dtype, given in TYPES.items():
            yield (
                f"{name}-{dtype}",
                deferred(unary_operator, "max_pool", shape, given, dilation=(1,) * (len(shape) - 2), **attributes),
            )
    _, attributes = _window("3x3-stride2-padding1")
    for channels in CHANNELS:
        yield (
            f"c{channels}",
            deferred(unary_operator, "max_pool", (1, channels, 7, 6), U8, dilation=(1, 1), **attributes),
        )
    for dilation in ((2, 2), (1, 3)):
        yield (
            f"dilation{dilation[0]}x{dilation[1]}",
            deferred(unary_operator, "max_pool", (1, 9, 10, 11), S8, dilation=dilation, **attributes),
        )
    # With dilation 2 and one element, both taps of the outer windows fall on the padding.
    for dtype, given in TYPES.items():
        yield f"window-of-padding-{dtype}", deferred(
            unary_operator, "max_pool", (1, 3, 1), given, kernel=(2,), stride=(1,), padding=((1, 1),), ceil_mode=False,
            dilation=(2,),
        )  # fmt: skip


def avg_pool_cases() -> Made:
    for name in WINDOWS:
        shape, attributes = _window(name)
        for dtype, given in TYPES.items():
            for include in (False, True):
                label = f"{name}-{dtype}{'-include-pad' if include else ''}"
                yield (
                    label,
                    deferred(
                        unary_operator, "avg_pool", shape, given, count_include_pad=include, divisor=None, **attributes
                    ),
                )
    _, attributes = _window("3x3-stride2-padding1")
    attributes.update(count_include_pad=False, divisor=None)
    for channels in CHANNELS:
        yield f"c{channels}", deferred(unary_operator, "avg_pool", (1, channels, 7, 6), U8, **attributes)
    for given, output in ((U8, S8), (S8, U8)):
        label = f"{given.dtype}-to-{output.dtype}"
        yield label, deferred(unary_operator, "avg_pool", (1, 9, 7, 6), given, output, **attributes)
    yield "clamp", deferred(unary_operator, "avg_pool", (1, 9, 7, 6), U8, clamp_min=110, clamp_max=120, **attributes)
    for dtype, given in TYPES.items():
        attributes["divisor"] = 5
        yield f"divisor-{dtype}", deferred(unary_operator, "avg_pool", (1, 9, 7, 6), given, **attributes)


def adaptive_avg_pool_cases() -> Made:
    for dtype, given in TYPES.items():
        for size, output in (((7, 7), (1, 1)), ((7, 5), (3, 2)), ((8, 8), (4, 4)), ((3, 4), (7, 7)), ((1, 1), (2, 3))):
            label = f"{size[0]}x{size[1]}-to-{output[0]}x{output[1]}-{dtype}"
            yield label, deferred(unary_operator, "adaptive_avg_pool", (2, 9, *size), given, output_size=output)
        yield f"1d-{dtype}", deferred(unary_operator, "adaptive_avg_pool", (2, 17, 13), given, output_size=(4,))
        for output in ((1, 1, 1), (2, 3, 4)):
            label = f"3d-to-{output[0]}x{output[1]}x{output[2]}-{dtype}"
            yield label, deferred(unary_operator, "adaptive_avg_pool", (2, 17, 5, 7, 6), given, output_size=output)
    for channels in CHANNELS:
        yield (
            f"global-c{channels}",
            deferred(unary_operator, "adaptive_avg_pool", (1, channels, 7, 7), U8, output_size=(1, 1)),
        )
    for given, output in ((U8, S8), (S8, U8)):
        label = f"{given.dtype}-to-{output.dtype}"
        yield label, deferred(unary_operator, "adaptive_avg_pool", (1, 9, 7, 6), given, output, output_size=(2, 2))
    half = quantized("uint8", 1.0, 128), quantized("int8", 1.0, 128)
    yield "ties", deferred(unary_operator, "adaptive_avg_pool", (1, 64, 2, 1), *half, output_size=(1, 1))
    yield (
        "clamp",
        deferred(
            unary_operator, "adaptive_avg_pool", (1, 30, 3, 3), U8, output_size=(1, 1), clamp_min=117, clamp_max=120
        ),
    )
    large = quantized("uint8", 0.05, 0)
    yield "large", deferred(unary_operator, "adaptive_avg_pool", (1, 2, 300, 300), large, output_size=(1, 1))
