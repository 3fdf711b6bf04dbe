"""Float against int8 on the same photographs: answers, error, size, speed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from octavo.demo.photographs import Photographs
from octavo.numerics import sqnr
from octavo.runtime.timing import Timing, interleave

Run = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Contender:
    """A network that answers photographs.

    Args:
        name: as the table calls it.
        size: of its weights or file, in bytes.
        runs: number of threads to a function from images [n, 3, 224, 224] float32 to logits [n, 1000] float32.
    """

    name: str
    size: int
    runs: Mapping[int, Run]


@dataclass(frozen=True)
class Result:
    """What one contender achieved.

    Args:
        correct: photographs whose label it names first.
        agreement: photographs that it answers as float does.
        sqnr_db: of the logits against float, in dB; infinite for float itself.
        margins: for each photograph that it answers differently, how far float's logits of its first two answers are
            apart.
        times: number of threads to milliseconds for one photograph.
    """

    contender: Contender
    correct: int
    agreement: int
    sqnr_db: float
    margins: tuple[float, ...]
    times: Mapping[int, Timing]


def compare(contenders: Sequence[Contender], photographs: Photographs, seconds: float = 6.0) -> list[Result]:
    """Compare contenders; the first is the float network that the others are held against.

    Args:
        contenders: all with the same numbers of threads.
        photographs: to answer; none of them used for calibration.
        seconds: about how long the timing takes for each number of threads.

    Returns: one result for each contender, in order.
    """
    images, labels = photographs.images.numpy(), photographs.labels.numpy()
    counts = sorted(contenders[0].runs)
    logits = [_answer(contender.runs[counts[-1]], images) for contender in contenders]
    exact = logits[0].argmax(1)
    second, first = np.sort(logits[0], 1)[:, -2:].T
    times = {count: _time(contenders, count, images[:1], seconds) for count in counts}
    return [
        Result(
            contender,
            correct=int((answer.argmax(1) == labels).sum()),
            agreement=int((answer.argmax(1) == exact).sum()),
            sqnr_db=sqnr(torch.from_numpy(logits[0]), torch.from_numpy(answer)),
            margins=tuple((first - second)[answer.argmax(1) != exact].tolist()),
            times={count: times[count][contender.name] for count in counts},
        )
        for contender, answer in zip(contenders, logits, strict=True)
    ]


def _answer(run: Run, images: np.ndarray) -> np.ndarray:
    return np.concatenate([run(images[i : i + 1]) for i in range(len(images))])


def _time(contenders: Sequence[Contender], threads: int, image: np.ndarray, seconds: float) -> dict[str, Timing]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        calls = {c.name: lambda run=c.runs[threads]: run(image) for c in contenders}
        return interleave(calls, seconds)
    finally:
        torch.set_num_threads(before)
