"""The table of whole networks."""

from collections.abc import Mapping, Sequence

from rich.table import Table

from benchmarks.measurement import Measurement
from benchmarks.table import Column, comparison_table, error_columns, ratio_column, speedup_column, time_columns


def networks_table(
    results: Sequence[Measurement], contenders: Sequence[str], peak: Mapping[int, float], isa: str | None = None
) -> Table:
    """Lay out the comparisons: a row a network and number of threads.

    Args:
        results: the comparisons, in the order of the rows.
        contenders: names, in the order of the columns.
        peak: number of threads → the machine's int8 peak in GMAC/s; empty where it was not measured.
        isa: the instruction set that every engine was limited to, if any.
    """

    def rate(result: Measurement) -> str:
        return f"{result.gmacs('octavo'):.0f}" if "octavo" in result.timing else "–"

    def share(result: Measurement) -> str:
        measured = "octavo" in result.timing and result.threads in peak
        return f"{100 * result.gmacs('octavo') / peak[result.threads]:.0f}" if measured else "–"

    columns = error_columns(contenders) + time_columns(contenders)
    notes = ["dB: SQNR of the logits against float. ms: median of interleaved turns; bold is the fastest int8."]
    if "octavo" in contenders:
        columns += [ratio_column(), speedup_column(), Column("GMAC/s\n", rate), Column("peak\n%", share)]
        notes.append(
            "ratio: octavo's time over that of the fastest int8 peer. × float: the fastest float's over octavo's."
        )
        notes.append("GMAC/s and peak: octavo.")
    if peak:
        rates = ", ".join(f"{rate:.0f} GMAC/s on {threads}" for threads, rate in peak.items())
        notes.append(f"int8 multiply peak, measured in this run: {rates}.")
    where = f"this CPU as far as {isa}" if isa else "this CPU"
    return comparison_table(f"int8 on {where}, batch 1", results, columns, notes)
