"""Weights of 8 and of 4 bits by each way of rounding, activations in 8: `python -m benchmarks.accuracy.four_bits`.

EfficientNet-Lite0 is calibrated on 100 images and scored on others: crops of photographs that ship inside packages, and
twenty labelled ones, or the images of a folder (`--photographs`), 100 of them to calibrate on. ResNet-18 is trained on
4,000 digits, calibrated on 512 of them, without labels, and scored on 1,000 others. The scores are the SQNR of the
logits in dB and how often the class is the float network's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich import box
from rich.table import Table
from torch import Tensor, nn

import octavo
from benchmarks import record
from benchmarks.accuracy.networks import example
from benchmarks.terminal import terminal
from octavo.cli.samples import Preprocessing, read_image
from octavo.demo import network, photographs
from octavo.numerics import sqnr

WAYS: dict[str, dict[str, Any]] = {
    "8 bits, nearest": {"rounding": "nearest"},
    "8 bits, GPTQ": {},
    "8 bits, AdaRound": {"rounding": "adaround"},
    "8 bits, BRECQ": {"rounding": "brecq"},
    "4 bits, MinMax, nearest": {"weight_bits": 4, "weight_range": "min_max", "rounding": "nearest"},
    "4 bits, nearest": {"weight_bits": 4, "rounding": "nearest"},
    "4 bits, GPTQ": {"weight_bits": 4},
    "4 bits, AdaRound": {"weight_bits": 4, "rounding": "adaround"},
    "4 bits, BRECQ": {"weight_bits": 4, "rounding": "brecq"},
}
"""Where nothing is said, scales of 4 bits are those of least squared error and scales of 8 bits MinMax's."""

_CALIBRATION, _BATCH = 100, 4
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}


@dataclass(frozen=True)
class Task:
    """A network with what it is calibrated on and what it is scored on, in batches."""

    model: nn.Module
    calibration: Sequence[Tensor]
    scored: Sequence[Tensor]


def main(arguments: Sequence[str] | None = None) -> None:
    """Quantize each network in each way, score, print the table and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.four_bits", description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"of {', '.join(TASKS)}; all by default")
    parser.add_argument("--ways", default=";".join(WAYS), help="some of them, separated by semicolons")
    parser.add_argument("--photographs", type=Path, help="a folder of images for EfficientNet-Lite0")
    parser.add_argument("--epochs", type=int, default=3, help="of ResNet-18's training")
    options = parser.parse_args(arguments)
    ways = [way.strip() for way in options.ways.split(";")]
    if unknown := {*options.networks} - {*TASKS} or {*ways} - {*WAYS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(TASKS)}; {'; '.join(WAYS)}")
    table = Table(box=box.SIMPLE_HEAD, title="what weights of 4 bits cost")
    for heading in ("network", "weights", "SQNR, dB", "same class, %", "seconds"):
        table.add_column(heading, justify="left" if heading in ("network", "weights") else "right")
    results = {}
    for name in options.networks or TASKS:
        task = TASKS[name](options)
        for way in ways:
            scores = results[f"{name}, {way}"] = measure(task, octavo.Recipe(**WAYS[way]))
            table.add_row(name, way, f"{scores['sqnr']:.1f}", f"{scores['agreement']:.1f}", f"{scores['seconds']:.0f}")
            record.write("four bits", results, ("octavo",))
    terminal().print(table)


def measure(task: Task, recipe: octavo.Recipe) -> dict[str, float]:
    """Quantize a network and compare its logits with the float network's."""
    start = time.perf_counter()
    quantized = octavo.quantize(task.model, task.scored[0], task.calibration, recipe)
    seconds = time.perf_counter() - start
    with torch.inference_mode():
        exact, got = (torch.cat([model(batch) for batch in task.scored]) for model in (task.model, quantized))
    same = float((exact.argmax(1) == got.argmax(1)).float().mean()) * 100
    return {"sqnr": sqnr(exact, got), "agreement": same, "seconds": seconds, "scored": len(exact)}


def efficientnet_lite0(options: argparse.Namespace) -> Task:
    """Return EfficientNet-Lite0 with its trained weights, and photographs."""
    model = network.pretrained()
    if options.photographs is None:
        return Task(
            model,
            list(photographs.calibration_batches(_CALIBRATION, _BATCH)),
            photographs.labelled().images.split(_BATCH),
        )
    files = sorted(path for path in options.photographs.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if len(files) <= _CALIBRATION:
        raise SystemExit(f"--photographs {options.photographs}: {len(files)} images, expected over {_CALIBRATION}")
    pixels = Preprocessing(photographs.CROP, [photographs.MEAN / 255], [photographs.STD / 255])
    drawn = np.random.default_rng(0).permutation(len(files))
    images = torch.stack([torch.from_numpy(read_image(files[index], pixels)) for index in drawn])
    return Task(model, images[:_CALIBRATION].split(_BATCH), images[_CALIBRATION:].split(_BATCH))


def resnet18(options: argparse.Namespace) -> Task:
    """Train ResNet-18 on digits."""
    torch.manual_seed(0)
    images, labels = example.digits()
    model = example.ResNet18()
    example.train(model, images[: example.TRAINING], labels[: example.TRAINING], options.epochs)
    return Task(model.eval(), images[:512].split(32), images[example.TRAINING :].split(50))


TASKS: dict[str, Callable[[argparse.Namespace], Task]] = {
    "efficientnet_lite0": efficientnet_lite0,
    "resnet18": resnet18,
}


if __name__ == "__main__":
    main()
