"""What `make bench` runs: image networks; sequence models, their accuracy; memory. `python -m benchmarks [--quick]`."""

import argparse

import benchmarks.networks.__main__ as networks
import benchmarks.sequence.__main__ as sequence
import benchmarks.sequence.accuracy.__main__ as accuracy
from benchmarks import memory


def main() -> None:
    """Print the four tables, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few networks of each kind, a fifth of the data")
    quick = parser.parse_args().quick
    networks.main(["resnet18", "mobilenet_v2", "--rounds", "2"] if quick else [])
    sequence.main(["--quick", "--rounds", "2"] if quick else [])
    accuracy.main(["--quick"] if quick else [])
    memory.main(["lstm"] if quick else [])


main()
