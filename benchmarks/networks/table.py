"""The one table that `make bench` prints."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table

from benchmarks.networks.compare import CONTEXT, Comparison

LABELS = {"onnxruntime": "ORT", "openvino": "OpenVINO"}
DISTURBED = 0.15
"""CPUs' worth of other processes' work above which the table says that its times are not to be trusted."""


def networks_table(results: Sequence[Comparison], contenders: Sequence[str], peak: Mapping[int, float]) -> Table:
    """Lay out the comparisons: a row a network and number of threads.

    Args:
        results: the comparisons, in the order of the rows.
        contenders: names, in the order of the columns.
        peak: number of threads → the machine's int8 peak in GMAC/s; empty where it was not measured.
    """
    labels = {name: LABELS.get(name, name) for name in contenders}
    rated = "octavo" if "octavo" in contenders else None
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title="int8 on this CPU, batch 1", title_justify="left")
    table.add_column("network\n", no_wrap=True)
    table.add_column("\nthr", justify="right")
    for name in contenders:
        if name not in CONTEXT:
            table.add_column(f"{labels[name]}\ndB", justify="right")
    for name in contenders:
        table.add_column(f"{labels[name]}\nms", justify="right")
    for heading in ("ratio\n", "GMAC/s\n", "peak\n%") if rated else ():
        table.add_column(heading, justify="right")
    for result in results:
        cells = [result.network, str(result.threads)]
        cells += [f"{result.sqnr[name]:.1f}" for name in contenders if name not in CONTEXT]
        best = min((t.median for name, t in result.timing.items() if name not in CONTEXT), default=0)
        for name in contenders:
            median = result.timing[name].median
            cells.append(f"[bold]{median:.2f}[/]" if median == best else f"{median:.2f}")
        if rated:
            cells += _rating(result, peak)
        table.add_row(*cells)
    table.caption = _caption(rated, peak, max((result.foreign_cpus for result in results), default=0.0))
    table.caption_justify = "left"
    return table


def _rating(result: Comparison, peak: Mapping[int, float]) -> list[str]:
    ratio, gmacs = result.ratio(), result.gmacs("octavo")
    share = f"{100 * gmacs / peak[result.threads]:.0f}" if result.threads in peak else "–"
    return [f"{ratio:.2f}" if ratio is not None else "–", f"{gmacs:.0f}", share]


def _caption(rated: str | None, peak: Mapping[int, float], foreign_cpus: float) -> str:
    lines = ["dB: SQNR of the logits against float. ms: median of interleaved turns; bold is the fastest int8."]
    if rated:
        lines.append("ratio: octavo's time over that of the fastest int8 peer. GMAC/s and peak: octavo.")
    if peak:
        rates = ", ".join(f"{rate:.0f} GMAC/s on {threads}" for threads, rate in peak.items())
        lines.append(f"int8 multiply peak, measured in this run: {rates}.")
    if foreign_cpus > DISTURBED:
        lines.append(f"Other processes used up to {foreign_cpus:.1f} CPUs meanwhile: measure again on an idle machine.")
    return "\n".join(lines)
