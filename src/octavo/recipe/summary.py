"""What is known of an int8 program once it has been measured."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from octavo.runtime.timing import Timing

_HEADINGS = ("layer", "operator", "runs in", "SQNR")
# A network of more layers is not listed as a whole, but the layers of least SQNR.
_LISTED, _WORST = 40, 10


@dataclass(frozen=True)
class LayerSummary:
    """One layer of the float module.

    Args:
        name: as the user knows it, `features.3.conv.0`.
        type: of the operator, `conv`.
        int8: whether it runs in 8 bits.
        reason, remedy: why it runs in float, or in 8 bits by another scheme than asked for, and what to do about it.
        sqnr_db: signal to quantization noise of its output in dB, on the example inputs; None where the program
            does not keep that value.
    """

    name: str
    type: str
    int8: bool
    reason: str
    remedy: str
    sqnr_db: float | None


@dataclass(frozen=True)
class FloatGroup:
    """Layers that run in float for one reason.

    Args:
        reason, remedy: as in `LayerSummary`.
        layers: at least one, in order of execution.
    """

    reason: str
    remedy: str
    layers: tuple[LayerSummary, ...]

    @property
    def operators(self) -> str:
        """Count them by operator: `24 add, 13 layer_norm`."""
        counts = Counter(layer.type for layer in self.layers)
        return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in counts.most_common())

    @property
    def places(self) -> str:
        """Name the first of them, and say how many there are besides."""
        first, others = self.layers[0].name, len(self.layers) - 1
        return f"{first} and {others} more" if others else first


@dataclass(frozen=True)
class Report:
    """Coverage, size, error and speed of an int8 program against its float module.

    Args:
        layers: in order of execution.
        sqnr_db: of the first output, in dB, on the example inputs.
        float_bytes: of the float module's parameters and buffers.
        int8_bytes: of the file.
        float_ms, int8_ms: milliseconds of one call on the example inputs, measured in turns on the same threads.
        threads: of both.
        isa: instruction set of the engine.
        notes: what methods that were asked for have done, each in a sentence.
    """

    layers: tuple[LayerSummary, ...]
    sqnr_db: float | None
    float_bytes: int
    int8_bytes: int
    float_ms: Timing
    int8_ms: Timing
    threads: int
    isa: str
    notes: tuple[str, ...] = ()

    @property
    def float_layers(self) -> tuple[LayerSummary, ...]:
        """Return the layers that run in float."""
        return tuple(layer for layer in self.layers if not layer.int8)

    @property
    def speedup(self) -> float:
        """Return how many times faster int8 is than float; below 1 it is slower."""
        return self.float_ms.median / self.int8_ms.median

    @property
    def verdict(self) -> str:
        """Say in a sentence whether int8 is worth its while here."""
        if self.speedup >= 1:
            return f"int8 is {self.speedup:.{2 if self.speedup < 100 else 0}f} times as fast as float here"
        return (
            f"int8 is SLOWER than float here ({self.speedup:.2f} times as fast): keep the float model, or try more "
            "threads or a larger batch"
        )

    def totals(self) -> list[tuple[str, str]]:
        """Return the lines of the summary: a heading and what it says."""
        int8 = len(self.layers) - len(self.float_layers)
        share = self.int8_bytes / self.float_bytes if self.float_bytes else math.nan
        notes = Counter(layer.reason for layer in self.layers if layer.int8 and layer.reason)
        return [
            ("layers", f"{int8} of {len(self.layers)} in int8"),
            *(("by row", f"{count} of them: {reason}") for reason, count in notes.items()),
            *(("method", note) for note in self.notes),
            ("size", f"{megabytes(self.int8_bytes)}, {share:.1%} of float ({megabytes(self.float_bytes)})"),
            ("error", f"SQNR of the output {decibels(self.sqnr_db)}, on the example inputs"),
            (
                "speed",
                f"{self.int8_ms.median:.2f} ms against {self.float_ms.median:.2f} ms in float, "
                f"{self.threads} thread{'s' if self.threads > 1 else ''}, {self.isa}",
            ),
            ("verdict", self.verdict),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data that JSON can hold; an infinite or unknown SQNR is None."""
        layers = [asdict(layer) | {"sqnr_db": _finite(layer.sqnr_db)} for layer in self.layers]
        return {
            "layers": layers,
            "sqnr_db": _finite(self.sqnr_db),
            "float_bytes": self.float_bytes,
            "int8_bytes": self.int8_bytes,
            "float_ms": self.float_ms._asdict(),
            "int8_ms": self.int8_ms._asdict(),
            "speedup": self.speedup,
            "threads": self.threads,
            "isa": self.isa,
            "notes": list(self.notes),
        }

    @property
    def float_groups(self) -> tuple[FloatGroup, ...]:
        """Return the layers that run in float by their reason, the largest group first."""
        groups: dict[tuple[str, str], list[LayerSummary]] = {}
        for layer in self.float_layers:
            groups.setdefault((layer.reason, layer.remedy), []).append(layer)
        found = (FloatGroup(*key, tuple(layers)) for key, layers in groups.items())
        return tuple(sorted(found, key=lambda group: -len(group.layers)))

    def shown_layers(self) -> tuple[LayerSummary, ...]:
        """Return the layers to list: all of a small network, of a large one those in int8 with the least SQNR."""
        if len(self.layers) <= _LISTED:
            return self.layers
        known = [layer for layer in self.layers if layer.int8 and layer.sqnr_db is not None]
        worst = {id(layer) for layer in sorted(known, key=lambda layer: layer.sqnr_db or 0.0)[:_WORST]}
        return tuple(layer for layer in self.layers if id(layer) in worst)

    def details(self) -> str:
        """Write a line for every layer: its operator, where it runs, its SQNR."""
        return "\n".join(_aligned([_HEADINGS, *(layer_row(layer) for layer in self.layers)]))

    def __str__(self) -> str:
        shown = self.shown_layers()
        lines = _aligned([_HEADINGS, *(layer_row(layer) for layer in shown)])
        if len(shown) < len(self.layers):
            lines.append(
                f"… the {len(shown)} of {len(self.layers)} layers with the least SQNR; details() lists them all"
            )
        lines += [f"{heading:8} {text}" for heading, text in self.totals()]
        lines += [f"float    {g.operators} ({g.places}): {g.reason}. Remedy: {g.remedy}" for g in self.float_groups]
        return "\n".join(lines)


def layer_row(layer: LayerSummary) -> tuple[str, str, str, str]:
    """Return the cells of a layer's line: name, operator, where it runs, SQNR."""
    return layer.name, layer.type, "int8" if layer.int8 else "float", decibels(layer.sqnr_db)


def decibels(value: float | None) -> str:
    """Write an SQNR: `31.4 dB`, `exact` where nothing was lost, `-` where it is not known."""
    if value is None:
        return "-"
    return "exact" if value == math.inf else f"{value:.1f} dB"


def megabytes(count: int) -> str:
    """Write a number of bytes: `4.81 MB` or `12.3 kB`."""
    return f"{count / 1e6:.2f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _aligned(rows: list[tuple[str, str, str, str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
