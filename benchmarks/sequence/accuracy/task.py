"""Score one model in the form that each contender gives it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from benchmarks.compare import Network, cache_folder
from benchmarks.peers import Run, Sample, UnableError, load_peer

Scores = dict[str, float]
Score = Callable[[Run], Scores]


@dataclass(frozen=True)
class Task:
    """What the contenders are scored on.

    Args:
        name: of the model.
        model: a float module in eval mode with one output.
        calibration: samples that every engine calibrates on; sizes in which they differ stay open.
        contenders: keys of PEERS.
        scorer: given the float model's run, returns what scores a run: name of the score → value.
        sources: files whose text decides what the model and the samples are.
    """

    name: str
    model: nn.Module
    calibration: Sequence[Sample]
    contenders: Sequence[str]
    scorer: Callable[[Run], Score]
    sources: Sequence[Path]


@dataclass
class Row:
    """One contender's scores; `reason` says why there are none."""

    model: str
    contender: str
    scores: Scores = field(default_factory=dict)
    file_share: float | None = None  # size of its file over that of the float weights
    reason: str = ""


def rows(task: Task, progress: Callable[[str], None] = lambda _: None) -> Iterator[Row]:
    """Yield a row for the float model and for each contender, one of them in memory at a time."""
    folder = cache_folder(Network(task.name, task.model, task.calibration, {}, sources=task.sources))
    score: Score | None = None
    for name in ("float", *task.contenders):
        progress(f"{task.name}: {name}")
        peer = load_peer(name)
        try:
            run = peer.prepare(task.model, task.calibration, folder)(1)
        except UnableError as error:
            yield Row(task.name, name, reason=str(error))
            continue
        score = score or task.scorer(run)
        file_share = (folder / peer.file).stat().st_size / _bytes(task.model) if peer.file else None
        yield Row(task.name, name, score(run), file_share)


def _bytes(model: nn.Module) -> int:
    return sum(value.numel() * value.element_size() for value in model.state_dict().values())
