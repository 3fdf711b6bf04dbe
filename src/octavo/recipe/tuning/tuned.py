"""The best model that tuning has found, with everything that was tried."""

from __future__ import annotations

from itertools import compress

from octavo.algorithms import LayerSensitivity
from octavo.recipe.quantized_model import QuantizedModel
from octavo.recipe.summary import decibels, megabytes
from octavo.recipe.tuning.trial import Trial

HEADINGS = ("", "tried", "accuracy", "SQNR", "in float", "size", "a call", "took")


class TunedModel(QuantizedModel):
    """Runs the best int8 program that `octavo.tune` has found; a QuantizedModel.

    Args:
        model: the best.
        trials: all that was tried, the float model first.
        best: which of them this model is.
        reached: whether it is as good as was wanted.
        stopped: why tuning has ended.
        note: what the SQNR was measured on.
        interrupted: whether Ctrl-C has ended it.

    Attributes:
        sensitivity: what each layer costs in 8 bits, the one that costs most first, where that was measured.
    """

    sensitivity: tuple[LayerSensitivity, ...] = ()

    def __init__(
        self, model: QuantizedModel, trials: tuple[Trial, ...], best: int, reached: bool, stopped: str, note: str,
        interrupted: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(model.program, model.loaded.threads, model.layers, model.origin, model.notes)
        self.trials = trials
        self.best = trials[best]
        self.reached = reached
        self.stopped = stopped
        self.note = note
        self.interrupted = interrupted

    def rows(self) -> list[tuple[str, ...]]:
        """Return the headings, then a line for each trial, in order; the best has a star.

        What is known of no trial, as the accuracy where there is no `evaluate`, has no column.
        """
        lines = [_row(trial, trial is self.best) for trial in self.trials]
        known = [any(cell != "-" for cell in column) for column in zip(*lines, strict=True)]
        return [tuple(compress(line, known)) for line in (HEADINGS, *lines)]

    @property
    def summary(self) -> str:
        """Why tuning has ended, and what the numbers were measured on."""
        floats = f"; in float: {', '.join(self.best.in_float)}" if self.best.in_float else ""
        return f"{self.stopped}{floats}. {self.note}"

    def table(self) -> str:
        """Write every trial as a line: accuracy, SQNR, layers in float, size, time of a call, time that it took."""
        rows = self.rows()
        widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*(line.rstrip() for line in lines), self.summary])


def row_of(trial: Trial) -> str:
    """Write what is known of a trial in one line, for the progress."""
    return "  ".join(cell for cell in _row(trial, best=False) if cell not in ("", "-"))


def _row(trial: Trial, best: bool) -> tuple[str, ...]:
    return (
        "*" if best else "",
        f"{trial.step}: {trial.name}" + (f" ({trial.failure})" if trial.failure else ""),
        "-" if trial.score is None else f"{trial.score:.6g}",
        decibels(trial.sqnr_db) + (f" ± {trial.sqnr_error_db:.1f}" if trial.sqnr_error_db else ""),
        str(len(trial.in_float)) if trial.in_float else "-",
        "-" if trial.bytes is None else megabytes(trial.bytes),
        "-" if trial.milliseconds is None else f"{trial.milliseconds:.2f} ms",
        f"{trial.seconds:.1f} s" if trial.seconds else "-",
    )
