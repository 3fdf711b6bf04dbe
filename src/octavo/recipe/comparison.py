"""What is known of each layer of an int8 program once it has been compared with float."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.recipe.summary import decibels


@dataclass(frozen=True)
class LayerComparison:
    """One layer of the float module and its value in the program.

    Args:
        name: as the user knows it.
        type: of the operator.
        int8: whether it runs in 8 bits.
        sqnr_alone_db: of its output where it alone is quantized, its inputs being float's; None where the program
            reads something that float does not have.
        sqnr_db: of its output in the network, the errors of all before it included; None where the program does not
            keep that value.
        range: least and greatest number of its output in float.
        saturated: share of its output in float that lies beyond what its 8 bits hold; None where it has no 8 bits.
    """

    name: str
    type: str
    int8: bool
    sqnr_alone_db: float | None
    sqnr_db: float | None
    range: tuple[float, float] | None
    saturated: float | None


@dataclass(frozen=True)
class Comparison:
    """Every layer that can be compared, in order of execution.

    Args:
        layers: those whose output both sides have.
        sqnr_db: of the first output.
        samples: on how many samples.
    """

    layers: tuple[LayerComparison, ...]
    sqnr_db: float | None
    samples: int

    @property
    def first(self) -> LayerComparison | None:
        """The layer to look at first: the one in 8 bits that loses most on its own."""
        measured = [layer for layer in self.layers if layer.int8 and layer.sqnr_alone_db is not None]
        return min(measured, key=lambda layer: layer.sqnr_alone_db or 0.0, default=None)

    @property
    def advice(self) -> str:
        """Which layer to look at first, and what may be done about it."""
        layer = self.first
        if layer is None:
            return "no layer can be compared on its own"
        what = f"look at '{layer.name}' first: on its own it has {decibels(layer.sqnr_alone_db)}"
        if layer.saturated:
            what += f", and {layer.saturated:.2%} of its output saturates"
        keep = f"octavo.qconfig.default_static().set_module_name('{layer.name}', None)"
        return f"{what}. To keep it in float: recipe=octavo.Recipe(qconfig_mapping={keep})"

    @property
    def summary(self) -> str:
        """The error of the whole, and where to look first."""
        samples = f"{self.samples} samples" if self.samples > 1 else "1 sample"
        return f"SQNR of the output {decibels(self.sqnr_db)}, on {samples}; {self.advice}"

    def rows(self) -> list[tuple[str, str, str, str, str, str]]:
        """Return a line for each layer: name, operator, SQNR alone, SQNR in the network, range, saturated share."""
        return [
            (
                layer.name,
                layer.type if layer.int8 else f"{layer.type} (float)",
                decibels(layer.sqnr_alone_db),
                decibels(layer.sqnr_db),
                "–" if layer.range is None else f"{layer.range[0]:.3g} … {layer.range[1]:.3g}",
                "–" if layer.saturated is None else f"{layer.saturated:.2%}",
            )
            for layer in self.layers
        ]

    def __str__(self) -> str:
        table = [("layer", "operator", "alone", "in the network", "range", "saturated"), *self.rows()]
        widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
        return "\n".join([*(line.rstrip() for line in lines), self.summary])
