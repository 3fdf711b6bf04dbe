"""Measure what a process takes that runs a sequence model: `python -m benchmarks.sequence.memory [NAME…]`.

Each form of a model is loaded from its file in a fresh process that has loaded and run it once already, so that what
imports take does not count. What stays is the resident memory after some runs over that before loading; the peak is
the most that was resident in between. Linux only.
"""

import argparse
import ctypes
import gc
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from rich import box
from rich.table import Table

import octavo.runtime
from benchmarks import record, suite
from benchmarks.compare import Network, cache_folder
from benchmarks.networks.torchvision_schemas import declare_schemas
from benchmarks.peers import UnableError, load_peer, on_tensors
from benchmarks.sequence import data
from benchmarks.sequence.networks import NETWORKS
from benchmarks.terminal import terminal

FORMS = ("float", "onnxruntime dynamic", "octavo dynamic")
DEFAULT = ("lstm", "bert-base", "minilm-32")
RUNS = 5


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table and write the record; `arguments` are those of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sequence.memory", description=__doc__)
    parser.add_argument("names", nargs="*", default=DEFAULT, metavar="NAME")
    parser.add_argument("--measure", nargs=3, metavar=("FORM", "FILE", "SAMPLE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        print(json.dumps(_resident(*options.measure)))
        return
    table = Table(box=box.SIMPLE_HEAD, title="memory, MB over that of the imports; in brackets: of float")
    for heading in ("network", "form", "file", "resident", "peak"):
        table.add_column(heading, justify="left" if heading in ("network", "form") else "right")
    console, results = terminal(), {}
    forms = suite.available(FORMS, console)
    for name in options.names:
        network = data.available(name, NETWORKS[name].build, console)
        found = measure(network, forms) if network else {}
        for form, sizes in found.items():
            shares = {key: value / found["float"][key] for key, value in sizes.items()}
            cells = [f"{value / 1e6:.1f} ({shares[key]:.2f})" for key, value in sizes.items()]
            table.add_row(name, form, *(cells or ["cannot quantize it", "", ""]))
            results[f"{name} {form}"] = {"bytes": sizes, "shares": shares}
    console.print(table)
    record.write("sequence memory", results, ("octavo", "onnxruntime", "torch"))


def measure(network: Network, forms: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return bytes of the file, resident and at the peak, for each of `forms`; nothing where there is no such form."""
    folder = cache_folder(network)
    folder.mkdir(parents=True, exist_ok=True)
    sample = folder / "sample.npz"
    np.savez(sample, *network.cases[""][0])
    results: dict[str, dict[str, int]] = {}
    for form in forms:
        peer = load_peer(form)
        file = folder / (peer.file or "float.pt")
        try:
            peer.prepare(network.model, network.calibration, folder)
        except UnableError:
            results[form] = {}
            continue
        if form == "float":
            torch.save(network.model, file)
        command = [sys.executable, "-m", "benchmarks.sequence.memory", "--measure", form, str(file), str(sample)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        results[form] = {"file": file.stat().st_size, **json.loads(answer.splitlines()[-1])}
    return results


def _resident(form: str, file: str, sample: str) -> dict[str, int]:
    """Load a form of a model twice and run it; return the resident and the peak bytes of the second time."""
    with np.load(sample) as arrays:
        inputs = tuple(arrays.values())
    load = {"float": _torch, "onnxruntime dynamic": _onnx_runtime, "octavo dynamic": _octavo}[form]
    _run(load, file, inputs)
    _trim()
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    kept = _run(load, file, inputs)
    peak = _status("VmHWM")
    _trim()
    after = _status("VmRSS")
    del kept
    return {"resident": after - before, "peak": peak - before}


def _run(load: Callable[[str], Callable[..., object]], file: str, inputs: tuple[np.ndarray, ...]) -> object:
    run = load(file)
    for _ in range(RUNS):
        run(*inputs)
    return run


def _torch(file: str) -> Callable[..., object]:
    declare_schemas()
    torch.set_num_threads(1)
    run = on_tensors(torch.load(file, weights_only=False))
    return lambda *inputs: run(inputs)


def _onnx_runtime(file: str) -> Callable[..., object]:
    from benchmarks.peers.onnx_runtime import open_session

    run = open_session(Path(file), 1)
    return lambda *inputs: run(inputs)


def _octavo(file: str) -> Callable[..., object]:
    return octavo.runtime.load(file, threads=1)


def _trim() -> None:
    """Give memory that is free back to the system."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def _status(field: str) -> int:
    """Return a field of the process's status in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    main()
