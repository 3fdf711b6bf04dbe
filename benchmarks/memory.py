"""Measure what a process takes that runs a model: `python -m benchmarks.memory [NAME…]`.

Each form of a model is loaded from its file in a fresh process. **process** is all that is resident after some runs,
**its peak** the most that ever was: runtime, imports, model and run. **resident** and **peak** are those of a second
load over what was there before it, so that imports do not count.
"""

import argparse
from collections.abc import Sequence

from rich import box
from rich.table import Table

from benchmarks import fresh_process, record, suite
from benchmarks.compare import Network
from benchmarks.networks import models
from benchmarks.networks.__main__ import network
from benchmarks.sequence import data
from benchmarks.sequence.networks import NETWORKS
from benchmarks.shipped import shipped
from benchmarks.terminal import terminal

IMAGE_FORMS = ("float", "onnxruntime", "openvino", "octavo")
SEQUENCE_FORMS = ("float", "onnxruntime dynamic", "octavo dynamic")
DEFAULT = ("resnet50", "lstm", "bert-base", "minilm-32")
SIZES = {"file": "file", "process": "process", "process_peak": "its peak", "resident": "resident", "peak": "peak"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table and write the record; `arguments` are those of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    known = ", ".join((*models.NETWORKS, *NETWORKS))
    parser.add_argument("names", nargs="*", default=DEFAULT, metavar="NAME", help=f"of {known}")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {*models.NETWORKS, *NETWORKS}:
        parser.error(f"unknown network {', '.join(sorted(unknown))}; known: {known}")
    table = Table(box=box.SIMPLE_HEAD, title="memory, MB; in brackets: of float")
    for heading in ("network", "form", *SIZES.values()):
        table.add_column(heading, justify="left" if heading in ("network", "form") else "right")
    console, results = terminal(), {}
    for name in options.names:
        is_image = name in models.NETWORKS
        forms = suite.available(IMAGE_FORMS if is_image else SEQUENCE_FORMS, console)
        built = network(name) if is_image else data.available(name, NETWORKS[name].build, console)
        found = measure(built, forms) if built else {}
        for form, sizes in found.items():
            shares = {key: value / found["float"][key] for key, value in sizes.items()}
            cells = [f"{value / 1e6:.1f} ({shares[key]:.2f})" for key, value in sizes.items()]
            table.add_row(name, form, *(cells or ["cannot quantize it", *[""] * (len(SIZES) - 1)]))
            results[f"{name} {form}"] = {"bytes": sizes, "shares": shares}
    console.print(table)
    record.write("memory", results, ("octavo", "onnxruntime", "openvino", "torch"))


def measure(built: Network, forms: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return bytes for each of `forms`, by the keys of `SIZES`; nothing where there is no such form."""
    sample, files = shipped(built, forms)
    results: dict[str, dict[str, int]] = {}
    for form, file in files.items():
        if file is None:
            results[form] = {}
            continue
        fresh = fresh_process.measure(form, file, sample)._asdict()
        results[form] = {"file": file.stat().st_size, **{key: fresh[key] for key in SIZES if key != "file"}}
    return results


if __name__ == "__main__":
    main()
