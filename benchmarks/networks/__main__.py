"""Compare the engines on whole networks: `python -m benchmarks.networks [names] [--threads 1,2] [--peers …]`."""

import argparse
import gc
from dataclasses import asdict

from rich.console import Console

from benchmarks import record
from benchmarks.networks.compare import Comparison, compare
from benchmarks.networks.models import NETWORKS
from benchmarks.networks.table import networks_table
from benchmarks.peak import int8_peak
from benchmarks.peers import PEERS, load_peer
from benchmarks.terminal import terminal

DEFAULT = ("octavo", "onnxruntime", "openvino", "torch.ao", "float")


def main() -> None:
    """Measure, print the table and write the record."""
    options = _options()
    console = terminal()
    contenders = _available(options.peers.split(","), console)
    threads = [int(count) for count in options.threads.split(",")]
    results: list[Comparison] = []
    peak: dict[int, float] = {}
    with console.status("") as status:
        for name in options.names:
            results += compare(name, contenders, threads, options.rounds, options.statistics, status.update)
            gc.collect()  # one network in memory at a time
        if "octavo" in contenders:
            import octavo.runtime

            peak = {count: int8_peak(octavo.runtime.isa(), count) for count in threads}
    console.print(networks_table(results, contenders, peak))
    packages = {package for name in contenders for package in load_peer(name).VERSIONS}
    path = record.write("networks", _as_json(results, peak, options.statistics), packages)
    console.print(f"written to {path.relative_to(path.cwd()) if path.is_relative_to(path.cwd()) else path}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks", description=__doc__)
    parser.add_argument("names", nargs="*", default=NETWORKS, metavar="NAME", help=f"of {', '.join(NETWORKS)}")
    parser.add_argument("--threads", default="1,2", help="numbers of threads, separated by commas")
    parser.add_argument("--rounds", type=int, default=5, help="turns that each contender has")
    parser.add_argument("--peers", default=",".join(DEFAULT), help=f"contenders, of {', '.join(PEERS)}")
    parser.add_argument("--statistics", choices=("random", "measured"), default="random", help="of the batch norms")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NETWORKS):
        parser.error(f"unknown network {', '.join(sorted(unknown))}; known: {', '.join(NETWORKS)}")
    return options


def _available(names: list[str], console: Console) -> list[str]:
    """Leave out, and say so, what is not installed; anything else that goes wrong at import is an error."""

    def available(name: str) -> bool:
        try:
            load_peer(name)
        except ModuleNotFoundError as error:
            console.print(f"{name} is left out: {error}")
            return False
        return True

    return [name for name in names if available(name)]


def _as_json(results: list[Comparison], peak: dict[int, float], statistics: str) -> dict[str, object]:
    return {
        f"{result.network} {result.threads}": {
            **asdict(result),
            "statistics": statistics,
            "ratio": result.ratio(),
            "gmacs": {name: result.gmacs(name) for name in result.timing},
            "int8_peak_gmacs": peak.get(result.threads),
        }
        for result in results
    }


if __name__ == "__main__":
    main()
