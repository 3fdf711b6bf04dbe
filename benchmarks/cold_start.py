"""Time from nothing to the first answer in fresh processes: `python -m benchmarks.cold_start [NAME…]`.

Import, load and first run are what a command-line tool, or a function that is started for every call, pays each time.
The contenders take turns, a process each; the table has medians.
"""

import argparse
import statistics
from collections.abc import Sequence

from rich import box
from rich.table import Table

from benchmarks import fresh_process, record, suite
from benchmarks.fresh_process import Fresh
from benchmarks.networks import models
from benchmarks.networks.__main__ import network
from benchmarks.shipped import shipped
from benchmarks.terminal import terminal

FORMS = ("octavo", "onnxruntime", "openvino")
DEFAULT = ("resnet18", "mobilenet_v2")
PARTS = ("import_ms", "load_ms", "first_run_ms", "total_ms")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table and write the record; `arguments` are those of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_start", description=__doc__)
    parser.add_argument("names", nargs="*", default=DEFAULT, metavar="NAME", help=f"of {', '.join(models.NETWORKS)}")
    parser.add_argument("--rounds", type=int, default=7, help="processes of each contender")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    console, results = terminal(), {}
    forms = suite.available(FORMS, console)
    title = f"from nothing to the first answer, ms, {options.rounds} fresh processes each, {options.threads} thread(s)"
    table = Table(box=box.SIMPLE_HEAD, title=title)
    for heading in ("network", "form", "import", "load", "first run", "together", "of octavo's"):
        table.add_column(heading, justify="left" if heading in ("network", "form") else "right")
    for name in options.names:
        found = measure(name, forms, options.rounds, options.threads)
        for form, parts in found.items():
            ratio = f"{parts['total_ms'] / found['octavo']['total_ms']:.2f}" if "octavo" in found else "–"
            table.add_row(name, form, *(f"{parts[part]:.0f}" for part in PARTS), ratio)
        results[f"{name} {options.threads}"] = {"milliseconds": found}
    console.print(table)
    record.write("cold start", results, forms)


def measure(name: str, forms: Sequence[str], rounds: int, threads: int) -> dict[str, dict[str, float]]:
    """Return the medians of each part for each of `forms` that can quantize the network."""
    sample, files = shipped(network(name), forms)
    runs: dict[str, list[Fresh]] = {form: [] for form, file in files.items() if file}
    for _ in range(rounds):
        for form, taken in runs.items():
            file = files[form]
            assert file is not None
            taken.append(fresh_process.measure(form, file, sample, threads))
    return {
        form: {part: statistics.median(getattr(run, part) for run in taken) for part in PARTS}
        for form, taken in runs.items()
    }


if __name__ == "__main__":
    main()
