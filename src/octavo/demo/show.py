"""The demo from its first line to its table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import octavo
from octavo.demo import peer
from octavo.demo.comparison import Contender, Result, Run, compare
from octavo.demo.network import pretrained
from octavo.demo.photographs import Photographs, calibration_batches, labelled
from octavo.runtime import load

THREADS = (1, 2)
_CROPS, _BATCH = 128, 8


def show(console: Console, output: Path | None = None) -> list[Result]:
    """Quantize EfficientNet-Lite0, compare it with float and print the table.

    Args:
        console: where to print.
        output: where to keep the int8 file; None to throw it away.

    Returns: what was measured, float first.
    """
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        with _step(console, "Loading EfficientNet-Lite0 and 20 labelled ImageNet photographs"):
            model, photographs = pretrained(), labelled()
        contenders = [_float(model), _int8(console, model, output or place / "efficientnet_lite0.octavo")]
        if peer.available():
            contenders.append(_onnx_runtime(console, model, place))
        with _step(console, "Answering the photographs, and timing in turns"):
            results = compare(contenders, photographs)
    console.print()
    console.print(comparison_table(results, photographs))
    return results


def comparison_table(results: list[Result], photographs: Photographs) -> Table:
    """Tabulate results, the float network first."""
    total, size = len(photographs.labels), results[0].contender.size
    table = Table(
        title="EfficientNet-Lite0 on 20 ImageNet photographs that were not used for calibration",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title_justify="left",
        caption="\n".join(_remarks(results)),
        caption_justify="left",
    )
    table.add_column("")
    for heading in ("top-1", "as float", "SQNR", "size", *(f"{c} thread{'s' * (c > 1)}" for c in THREADS)):
        table.add_column(heading, justify="right")
    for result in results:
        exact = result is results[0]
        table.add_row(
            result.contender.name,
            f"{result.correct} of {total}",
            "" if exact else f"{result.agreement} of {total}",
            "" if exact else f"{result.sqnr_db:.1f} dB",
            f"{result.contender.size / 1e6:.2f} MB" + ("" if exact else f"\n{result.contender.size / size:.1%}"),
            *(_latency(result, results[0], count) for count in THREADS),
            style="bold" if result.contender.name.startswith("octavo") else "",
        )
    return table


def _remarks(results: list[Result]) -> list[str]:
    lines = ["SQNR: of the logits. Latency: median for one photograph, contenders in turns."]
    for result in results[1:]:
        if result.margins:
            count = f"{len(result.margins)} photograph{'s' * (len(result.margins) > 1)}"
            margins = ", ".join(f"{margin:.2f}" for margin in result.margins)
            name = result.contender.name.replace("\n", " ")
            lines.append(f"{name} answers {count} differently: float's two best logits are {margins} apart there.")
    return lines


def _latency(result: Result, exact: Result, threads: int) -> str:
    own, other = result.times[threads].median, exact.times[threads].median
    return f"{own:.2f} ms" if result is exact else f"{own:.2f} ms\n{other / own:.1f}×"


def _float(model: torch.nn.Module) -> Contender:
    def run(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(images)).numpy()

    size = sum(p.numel() * p.element_size() for p in model.parameters())
    return Contender("float\n(PyTorch)", size, dict.fromkeys(THREADS, run))


def _int8(console: Console, model: torch.nn.Module, path: Path) -> Contender:
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        task = bars.add_task("Quantizing, calibrated on crops of 10 other photographs", total=_CROPS // _BATCH)
        quantized = octavo.quantize(
            model,
            torch.zeros(1, 3, 224, 224),
            list(calibration_batches(_CROPS, _BATCH)),
            progress=lambda done, total: bars.update(task, completed=done, total=total),
        )
    quantized.save(path)
    runs: dict[int, Run] = {count: load(path, threads=count) for count in THREADS}
    return Contender(f"octavo int8\n{octavo.runtime.isa()}", path.stat().st_size, runs)


def _onnx_runtime(console: Console, model: torch.nn.Module, place: Path) -> Contender:
    with _step(console, "Quantizing the same network with ONNX Runtime, on the same crops"):
        made = peer.onnx_runtime(model, calibration_batches(_CROPS, _BATCH), place, THREADS)
    return Contender("ONNX Runtime\nint8", made.size, made.sessions)


@contextmanager
def _step(console: Console, text: str) -> Iterator[None]:
    with console.status(text):
        yield
    console.print(f"  {text}")
