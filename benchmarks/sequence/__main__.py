"""Compare the engines on sequence models: `python -m benchmarks.sequence [NAME…] [--quick] [--threads 1,2]`."""

import argparse
from collections.abc import Iterator, Sequence

from rich.console import Console

from benchmarks.compare import Network
from benchmarks.sequence import data
from benchmarks.sequence.networks import NETWORKS, QUICK
from benchmarks.suite import add_options, available, measure_all, write
from benchmarks.table import comparison_table, error_columns, ratio_column, time_columns
from benchmarks.terminal import terminal

CONTENDERS = tuple(dict.fromkeys(name for entry in NETWORKS.values() for name in entry.contenders))
_NOTES = (
    "dB: SQNR of the output against float. ms: median of interleaved turns; bold is the fastest int8.",
    "ratio: octavo's time, dynamic (dyn) or static (stat), over that of the fastest int8 peer.",
    "GRU: ORT has it in float alone. OpenVINO runs LSTM and GRU in float, on inputs and weights that are quantized.",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table and write the record; `arguments` are those of the command line."""
    options = _options(arguments)
    console = terminal()
    contenders = available(options.peers.split(","), console)
    results = measure_all(_networks(options, contenders, console), options, console)
    columns = [
        *time_columns(contenders),
        ratio_column("ratio\ndyn", "octavo dynamic"),
        ratio_column("ratio\nstat", "octavo"),
        *error_columns([name for name in contenders if name != "torch.ao onednn"]),  # as that of fbgemm
    ]
    console.print(comparison_table("sequence models in int8 on this CPU", results, columns, _NOTES))
    write("sequence", results, contenders, console)


def _networks(
    options: argparse.Namespace, contenders: Sequence[str], console: Console
) -> Iterator[tuple[Network, Sequence[str]]]:
    for name in options.names or (QUICK if options.quick else NETWORKS):
        entry = NETWORKS[name]
        network = data.available(name, entry.build, console)
        if network:
            yield network, [contender for contender in contenders if contender in entry.contenders]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sequence", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)}; all by default")
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    add_options(parser, CONTENDERS, rounds=5)
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(NETWORKS):
        parser.error(f"unknown network {', '.join(sorted(unknown))}; known: {', '.join(NETWORKS)}")
    return options


if __name__ == "__main__":
    main()
