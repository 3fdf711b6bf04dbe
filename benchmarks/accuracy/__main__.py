"""Per-tensor PTQ, per-channel PTQ, corrected PTQ and QAT against float, in one table: `python -m benchmarks.accuracy`.

Two networks are trained on 4,000 handwritten digits and scored on 1,000 others. Quantization after training sees 512 of
the training digits, without labels: weights per tensor and per channel as the old default did it, and corrected as
`octavo.quantize` does. Quantization-aware training (`octavo.finetune`) goes on from there on all training digits, and
without labels too: it learns what the float network answers.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable

import torch
from rich import box
from rich.table import Table
from torch import Tensor

import octavo
from benchmarks import record
from benchmarks.accuracy.networks import NETWORKS, example
from benchmarks.terminal import terminal
from octavo.quantization import (
    HistogramObserver,
    QConfig,
    QConfigMapping,
    default_weight_observer,
    get_default_qconfig_mapping,
)
from octavo.quantization.quantize_fx import convert_fx, prepare_fx

_BATCH = 64
_WAYS = {"tensor": "PTQ per tensor", "channel": "PTQ per channel", "corrected": "PTQ corrected", "qat": "QAT"}


def main() -> None:
    """Train, quantize three times, score, print the table and write the record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("names", nargs="*", default=list(NETWORKS), metavar="NAME", help=", ".join(NETWORKS))
    parser.add_argument("--epochs", type=int, default=3, help="of float training")
    parser.add_argument("--qat-epochs", type=int, default=2)
    options = parser.parse_args()
    table = Table(box=box.SIMPLE_HEAD, title="accuracy on 1,000 digits, in percent (difference to float, in points)")
    for heading in (
        "network",
        "float",
        "PTQ per tensor",
        "PTQ per channel",
        "PTQ corrected",
        "QAT",
        "float training",
        "QAT training",
    ):
        table.add_column(heading, justify="left" if heading == "network" else "right")
    results = {}
    for name in options.names:
        scores, seconds = measure(name, options.epochs, options.qat_epochs)
        cells = [
            f"{scores[key]:.1f} ({scores[key] - scores['float']:+.1f})"
            for key in ("tensor", "channel", "corrected", "qat")
        ]
        table.add_row(name, f"{scores['float']:.1f}", *cells, *(f"{s:.0f} s" for s in seconds.values()))
        results[name] = scores | {f"{key} seconds": value for key, value in seconds.items()}
    terminal().print(table)
    record.write("accuracy", results, ("octavo",))


def measure(name: str, epochs: int, qat_epochs: int) -> tuple[dict[str, float], dict[str, float]]:
    """Train one network and quantize it in each way; return the scores in percent and the seconds of training."""
    torch.manual_seed(0)
    images, labels = example.digits()
    training = (images[: example.TRAINING], labels[: example.TRAINING])
    unseen = (images[example.TRAINING :], labels[example.TRAINING :])
    model = NETWORKS[name]()
    start = time.perf_counter()
    example.train(model, *training, epochs)
    seconds = {"float": time.perf_counter() - start}
    scores = {"float": score(model, *unseen)}
    per_tensor = QConfigMapping().set_global(QConfig(HistogramObserver.with_args(), default_weight_observer))
    for key, mapping in (("tensor", per_tensor), ("channel", get_default_qconfig_mapping("x86"))):
        prepared = prepare_fx(copy.deepcopy(model), mapping, (images[:2],))
        with torch.no_grad():
            for batch in images[:512].split(_BATCH):
                prepared(batch)
        scores[key] = score(convert_fx(prepared), *unseen)
    calibration = list(images[:512].split(_BATCH))
    scores["corrected"] = score(octavo.quantize(model, images[:2], calibration, progress=False), *unseen)
    start = time.perf_counter()
    plan = octavo.FinetunePlan(qat_epochs)
    trained = octavo.finetune(model, images[:2], training[0].split(_BATCH), plan=plan, progress=False)
    scores["qat"] = score(trained, *unseen)
    seconds["qat"] = time.perf_counter() - start
    return scores, seconds


def score(model: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> float:
    """Return the share of digits that are named rightly, in percent."""
    with torch.inference_mode():
        answers = torch.cat([model(part).argmax(1) for part in images.split(_BATCH)])
    return float((answers == labels).float().mean()) * 100


if __name__ == "__main__":
    main()
