"""Quantize trained networks without labels and compare with float: `python -m benchmarks.accuracy.post_training`.

SQNR and agreement (the share of samples that get float's answer) are over samples that nothing was calibrated on, as is
the share that is answered rightly. How much agreement an SQNR can bring depends on how near float's first two answers
are to each other: beside it stands what float's outputs reach with white noise of that SQNR, mean and standard
deviation of many draws. Each contender runs in a process of its own.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from rich import box
from rich.table import Table
from torch import Tensor

from benchmarks import record
from benchmarks.accuracy.post_training.contenders import CONTENDERS
from benchmarks.accuracy.post_training.quantize_once import QuantizingError, quantize
from benchmarks.accuracy.post_training.tasks import CALIBRATION, TASKS, Task
from benchmarks.sequence.data import available
from benchmarks.terminal import terminal

_DRAWS = 200
_PACKAGES = ("octavo", "onnxruntime", "openvino", "nncf")


@dataclass(frozen=True)
class Row:
    """One contender's scores: dB, percent, seconds and bytes; `reason` where it failed.

    `of_noise` and its `spread` are the agreement of white noise of the same SQNR.
    """

    sqnr: float | None = None
    agreement: float | None = None
    of_noise: float | None = None
    spread: float | None = None
    right: float | None = None
    seconds: float | None = None
    memory: int | None = None
    reason: str = ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table for each network and write the record; `arguments` are those of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.post_training", description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(TASKS)}; all by default")
    parser.add_argument("--contenders", default=";".join(CONTENDERS), help="separated by semicolons; %(default)s")
    options = parser.parse_args(arguments)
    chosen = options.contenders.split(";")
    for what, names, known in (("network", options.networks, TASKS), ("contender", chosen, CONTENDERS)):
        if unknown := [name for name in names if name not in known]:
            parser.error(f"unknown {what} {', '.join(unknown)}; known: {', '.join(known)}")
    console = terminal()
    for name in options.networks or TASKS:
        task = available(name, TASKS[name], console)
        if task is None:
            continue
        expected, rows = _float_outputs(task), {}
        with console.status("") as status:
            for contender in chosen:
                status.update(f"{name}: {contender}")
                rows[contender] = _row(contender, name, expected, task.labels)
                record.write("post-training", {f"{name} {contender}": asdict(rows[contender])}, _PACKAGES)
        console.print(_table(name, task, _share_right(expected, task.labels), rows))


def _float_outputs(task: Task) -> np.ndarray:
    with torch.inference_mode():
        return torch.cat([task.model(part) for part in task.images.split(20)]).numpy()


def _row(contender: str, task: str, expected: np.ndarray, labels: Tensor) -> Row:
    try:
        made = quantize(contender, task)
    except QuantizingError as error:
        return Row(reason=str(error))
    noise = np.square(expected.astype(np.float64) - made.outputs).sum()
    sqnr = 10 * float(np.log10(np.square(expected, dtype=np.float64).sum() / noise))
    agreement = 100 * float((expected.argmax(1) == made.outputs.argmax(1)).mean())
    of_noise, spread = agreement_of_noise(expected, sqnr)
    right = _share_right(made.outputs, labels)
    return Row(sqnr, agreement, of_noise, spread, right, made.seconds, made.memory)


def agreement_of_noise(expected: np.ndarray, sqnr: float) -> tuple[float, float]:
    """Return mean and standard deviation of the agreement, in percent, of outputs with white noise of an SQNR in dB."""
    generator = np.random.default_rng(0)
    deviation = np.sqrt(np.square(expected, dtype=np.float64).mean()) * 10 ** (-sqnr / 20)
    first = expected.argmax(1)
    drawn = [
        100 * float(((expected + generator.normal(0, deviation, expected.shape)).argmax(1) == first).mean())
        for _ in range(_DRAWS)
    ]
    return float(np.mean(drawn)), float(np.std(drawn))


def _share_right(outputs: np.ndarray, labels: Tensor) -> float:
    return 100 * float((outputs.argmax(1) == labels.numpy()).mean())


def _table(name: str, task: Task, right: float, rows: dict[str, Row]) -> Table:
    title = f"{name}: calibrated on {CALIBRATION} samples, scored on {len(task.images)} others"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", caption_justify="left")
    for heading in ("contender", "SQNR, dB", "agrees, %", "(of noise)", "right, %", "seconds", "memory, MB"):
        table.add_column(heading, justify="left" if heading == "contender" else "right")
    table.add_row("float", "", "", "", f"{right:.1f}", "", "")
    for contender, row in rows.items():
        noise = "" if row.of_noise is None else f"{row.of_noise:.1f} ± {row.spread:.1f}"
        numbers = (row.sqnr, row.agreement, row.right, row.seconds, row.memory and row.memory / 1e6)
        formats = ("{:.1f}", "{:.1f}", "{:.1f}", "{:.0f}", "{:.0f}")
        cells = ["" if n is None else f.format(n) for f, n in zip(formats, numbers, strict=True)]
        table.add_row(contender, *cells[:2], noise, *cells[2:])
    table.caption = "\n".join(
        f"{key} failed: {' '.join(row.reason.split())}" for key, row in rows.items() if row.reason
    )
    return table


if __name__ == "__main__":
    main()
