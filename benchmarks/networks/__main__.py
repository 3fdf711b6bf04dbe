"""Compare the engines on whole networks: `python -m benchmarks.networks [names] [--threads 1,2] [--peers …]`.

With --isa every engine is limited to an instruction set (`benchmarks.limits`).
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.compare import Network
from benchmarks.limits import LIMITS, UNLIMITED, is_limited, run_limited
from benchmarks.networks import models, pretrained
from benchmarks.networks.table import networks_table
from benchmarks.suite import add_options, available, integers, measure_all, write
from benchmarks.terminal import terminal
from octavo.runtime.peak import int8_peak

DEFAULT = ("octavo", "onnxruntime", "openvino", "torch.ao", "float", "openvino float")
NETWORKS = (*models.NETWORKS, pretrained.NAME)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table and write the record; `arguments` are those of the command line."""
    options = _options(arguments)
    if options.isa and not is_limited(options.isa):
        code = run_limited(options.isa, "benchmarks.networks", sys.argv[1:] if arguments is None else arguments)
        if code:
            raise SystemExit(code)
        return
    console = terminal()
    contenders = available(_wanted(options, console), console)
    results = measure_all(_networks(options, contenders), options, console)
    peak: dict[int, float] = {}
    if "octavo" in contenders:
        import octavo.runtime

        peak = {count: int8_peak(octavo.runtime.isa(), count) for count in integers(options.threads)}
    console.print(networks_table(results, contenders, peak, options.isa))
    section = f"networks {options.isa}" if options.isa else "networks"
    write(section, results, contenders, console, {"statistics": options.statistics, "int8_peak_gmacs": peak})


def network(name: str, statistics: models.Statistics = "random") -> Network:
    """Return the network of that name, of NETWORKS, and its samples.

    Those of torchvision have seeded weights; EfficientNet-Lite0 has its own, and `statistics` means nothing to it.
    """
    if name == pretrained.NAME:
        return pretrained.efficientnet_lite0()
    model = models.build(name, statistics)
    inputs = models.test_samples(name)
    return Network(
        f"{name} {statistics}" if statistics != "random" else name,
        model,
        [(sample,) for sample in models.calibration_samples(name)],
        {"": [(x,) for x in inputs]},
        models.count_macs(model, inputs[0]),
        [Path(models.__file__)],
    )


def _wanted(options: argparse.Namespace, console: Console) -> list[str]:
    """Return the contenders asked for; leave out, and say so, those that --isa cannot limit."""
    wanted = options.peers.split(",")
    for name in UNLIMITED.keys() & set(wanted if options.isa else ()):
        console.print(f"{name} is left out: {UNLIMITED[name]}")
        wanted.remove(name)
    return wanted


def _networks(options: argparse.Namespace, contenders: Sequence[str]) -> Iterator[tuple[Network, Sequence[str]]]:
    return ((network(name, options.statistics), contenders) for name in options.names)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks", description=__doc__)
    known = ", ".join(NETWORKS)
    parser.add_argument("names", nargs="*", default=NETWORKS, metavar="NAME", help=f"of {known}")
    add_options(parser, DEFAULT, rounds=5)
    parser.add_argument("--statistics", choices=("random", "measured"), default="random", help="of the batch norms")
    parser.add_argument("--isa", choices=tuple(LIMITS), help="limit every engine to an instruction set")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(NETWORKS):
        parser.error(f"unknown network {', '.join(sorted(unknown))}; known: {known}")
    return options


if __name__ == "__main__":
    main()
