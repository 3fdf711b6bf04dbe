"""Score int8 sequence models against float: `python -m benchmarks.sequence.accuracy [MODEL…] [--quick]`."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

from rich import box
from rich.table import Table

from benchmarks import record
from benchmarks.peers import load_peer
from benchmarks.sequence.accuracy import random_weights, sentences, speakers
from benchmarks.sequence.accuracy.task import Row, Task, rows
from benchmarks.sequence.data import available
from benchmarks.terminal import terminal

_QUICK = 0.2
"""Share of the data that --quick compares."""
TASKS: dict[str, Callable[[float], Task]] = {
    "minilm": sentences.task,
    "resemblyzer": speakers.task,
    "bert-base": lambda _: random_weights.task("BERT-base"),
    "lstm": lambda _: random_weights.task("LSTM 512"),
}
_NOTES = (
    "cosine, least: mean and least cosine to the float model's embeddings.",
    "probe: sentiment of held-out snippets, told by a logistic regression on float embeddings of others.",
    "speaker: nearest of two centroids, windows of 1.6 s, and of 0.8 s. file: its size over that of the float weights.",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Score, print the table and write the record; `arguments` are those of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sequence.accuracy", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(TASKS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="a fifth of the data")
    options = parser.parse_args(arguments)
    if unknown := set(options.models) - set(TASKS):
        parser.error(f"unknown model {', '.join(sorted(unknown))}; known: {', '.join(TASKS)}")
    console = terminal()
    results: list[Row] = []
    with console.status("") as status:
        for name in options.models or TASKS:
            task = available(name, partial(TASKS[name], _QUICK if options.quick else 1.0), console)
            results += rows(task, status.update) if task else ()
    console.print(accuracy_table(results))
    packages = {package for row in results for package in load_peer(row.contender).versions}
    record.write("sequence accuracy", {f"{r.model} {r.contender}": asdict(r) for r in results}, packages)


def accuracy_table(results: list[Row]) -> Table:
    """Lay out the rows, with a column for each score that any of them has."""
    names = list(dict.fromkeys(name for row in results for name in row.scores))
    table = Table(box=box.SIMPLE_HEAD, title="accuracy of int8 sequence models", title_justify="left", min_width=120)
    for heading in ("model", "contender", *names, "file %"):
        table.add_column(heading, justify="left" if heading in ("model", "contender") else "right")
    for row in results:
        cells = [f"{row.scores[name]:.{_digits(name)}f}" if name in row.scores else "" for name in names]
        table.add_row(row.model, row.contender, *cells, f"{100 * row.file_share:.0f}" if row.file_share else "")
    unable = [row for row in results if row.reason]
    reasons = [f"{r.model}: {r.contender} is left out. {' '.join(r.reason.split())[:200]}" for r in unable]
    table.caption, table.caption_justify = "\n".join([*_NOTES, *reasons]), "left"
    return table


def _digits(name: str) -> int:
    return 4 if name in ("cosine", "least") else 1


if __name__ == "__main__":
    main()
