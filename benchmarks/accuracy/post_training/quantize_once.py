"""Quantize with one contender in a process of its own, so that its memory is its own: `quantize` starts it."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.environment import ROOT


class Quantized(NamedTuple):
    """What a contender made.

    `outputs` [n, …] float32 of the samples to be scored on; `seconds` that quantizing took, its imports included, and
    the most `memory` in bytes that it took beyond what the float network and the samples take.
    """

    outputs: np.ndarray
    seconds: float
    memory: int


class QuantizingError(Exception):
    """A contender failed; the message has the end of what it wrote."""


def quantize(contender: str, task: str) -> Quantized:
    """Quantize; `contender` and `task` are keys of CONTENDERS and TASKS."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer"
        command = [sys.executable, "-m", "benchmarks.accuracy.post_training.quantize_once", contender, task, folder]
        process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if process.returncode:
            raise QuantizingError(process.stderr.strip()[-400:] or f"exit status {process.returncode}")
        return Quantized(np.load(answer.with_suffix(".npy")), **json.loads(answer.with_suffix(".json").read_text()))


def _main(contender: str, task: str, folder: Path) -> None:
    from benchmarks.accuracy.post_training.contenders import CONTENDERS
    from benchmarks.accuracy.post_training.tasks import TASKS

    model, calibration, images, _ = TASKS[task]()
    samples = [(image[None].numpy(),) for image in calibration]
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, start = _peak(), time.perf_counter()
    opened = CONTENDERS[contender](model, samples, folder)
    seconds, memory = time.perf_counter() - start, _peak() - before
    run = opened(1)
    outputs = np.concatenate([np.asarray(run((image[None].numpy(),))) for image in images])
    np.save(folder / "answer.npy", outputs)
    (folder / "answer.json").write_text(json.dumps({"seconds": seconds, "memory": memory}))


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
