"""Compare two records, and say what became slower or larger than noise: `python -m benchmarks.regressions [OLD] [NEW]`.

OLD and NEW are commits, or files that `benchmarks.record` wrote; by default the latest commit with a record and the one
before it that measured some of the same. The exit code is 1 where something became worse.

Times of one machine on two days say little, so each is divided by the machine's pace in its own record: by that of the
other engines that were measured in turns with it, else by the int8 peak of the same run. How far the other engines, in
which nothing has changed, seem to have moved apart is what noise is.
"""

import argparse
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich import box
from rich.table import Table

from benchmarks import record
from benchmarks.measurement import OWN
from benchmarks.terminal import terminal

LEAST_NOISE = {"time": 0.05, "kernel": 0.10, "bytes": 0.02}
"""What a quantity must change by at least before it counts, as a part of it."""

Record = Mapping[str, Any]


class Change(NamedTuple):
    """How a quantity moved: `ratio` is new over old, the pace of the machine taken out; `noise` what it may move by."""

    section: str
    name: str
    ratio: float
    noise: float

    @property
    def is_worse(self) -> bool:
        """Whether it is slower, or larger, by more than noise."""
        return self.ratio > 1 + self.noise


def main(arguments: list[str] | None = None) -> int:
    """Print what changed; return 1 where something became worse."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regressions", description=__doc__)
    parser.add_argument("records", nargs="*", metavar="RECORD", help="two commits or files: the old one, the new one")
    options = parser.parse_args(arguments)
    if len(options.records) not in (0, 2):
        parser.error(f"got {len(options.records)} record, expected two or none")
    paths = [_path(text) for text in options.records] or _latest()
    console = terminal()
    if len(paths) < 2:
        console.print(f"nothing to compare: {record.FOLDER} has no two commits' records of the same measurements")
        return 0
    old, new = (json.loads(path.read_text()) for path in paths)
    changes = list(compare(old, new))
    worse = [change for change in changes if change.is_worse]
    if worse:
        console.print(_table(worse))
    faster = sum(change.ratio < 1 - change.noise for change in changes)
    console.print(
        f"{paths[0].stem} → {paths[1].stem}: {len(changes)} quantities, {len(worse)} worse, {faster} better than noise"
    )
    return 1 if worse else 0


def compare(old: Record, new: Record) -> Iterator[Change]:
    """Yield how each quantity that two records share moved, the worst of each section first."""
    for section in old.keys() & new.keys():
        before, after = old[section]["results"], new[section]["results"]
        found: list[Change] = []
        for key in before.keys() & after.keys():
            if isinstance(before[key], dict) and isinstance(after[key], dict):
                found += _changes(section, key, before[key], after[key])
        yield from sorted(found, key=lambda change: -change.ratio)


def _changes(section: str, key: str, old: Record, new: Record) -> Iterator[Change]:
    """Compare one entry, whatever was measured."""
    if "timing" in old and "timing" in new:
        yield from _times(section, key, old["timing"], new["timing"])
    if "milliseconds" in old and "milliseconds" in new:
        spread = {name: {"median": parts["total_ms"]} for name, parts in old["milliseconds"].items()}
        now = {name: {"median": parts["total_ms"]} for name, parts in new["milliseconds"].items()}
        yield from _times(section, key, spread, now)
    if "microseconds" in old and "microseconds" in new:
        pace = old["int8_peak_gmacs"] / new["int8_peak_gmacs"]
        yield Change(section, key, new["microseconds"] / old["microseconds"] / pace, LEAST_NOISE["kernel"])
    if "bytes" in old and "bytes" in new and OWN in key:
        for what in old["bytes"].keys() & new["bytes"].keys():
            ratio = new["bytes"][what] / max(old["bytes"][what], 1)
            yield Change(section, f"{key}: {what}", ratio, LEAST_NOISE["bytes"])


def _times(section: str, key: str, old: Record, new: Record) -> Iterator[Change]:
    """Compare this engine's contenders by the medians and by the minima: the lesser change counts."""
    shared = old.keys() & new.keys()
    kinds = [kind for kind in ("median", "minimum") if all(kind in of[name] for of in (old, new) for name in shared)]
    moved = {name: [new[name][kind] / old[name][kind] for kind in kinds] for name in shared}
    peers = [ratios for name, ratios in moved.items() if not name.startswith(OWN)]
    if not peers:  # without anything beside it a time says nothing
        return
    paces = [median(ratios) for ratios in zip(*peers, strict=True)]
    apart = max(abs(ratio / pace - 1) for peer in peers for ratio, pace in zip(peer, paces, strict=True))
    for name in sorted(shared):
        if name.startswith(OWN):
            ratios = (mine / pace for mine, pace in zip(moved[name], paces, strict=True))
            least = min(ratios, key=lambda ratio: abs(ratio - 1))
            yield Change(section, f"{key}: {name}", least, max(apart, LEAST_NOISE["time"]))


def _table(worse: list[Change]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title="worse than noise", title_justify="left")
    for heading in ("measured by", "what", "new / old", "noise"):
        table.add_column(heading, justify="left" if heading in ("measured by", "what") else "right")
    for change in worse:
        table.add_row(change.section, change.name, f"{change.ratio:.3f}", f"± {change.noise:.3f}")
    return table


def _path(text: str) -> Path:
    """Find a record by its path, or by the beginning of its commit."""
    if Path(text).is_file():
        return Path(text)
    found = sorted(record.FOLDER.glob(f"{text}*.json"))
    if len(found) != 1:
        names = ", ".join(path.stem for path in found) or "none"
        raise SystemExit(f"record {text!r}: got {names} in {record.FOLDER}, expected one, or the path of a file")
    return found[0]


def _latest() -> list[Path]:
    """Return the latest commit's record, and before it the latest one that shares a measurement with it."""
    log = subprocess.run(
        ["git", "log", "--format=%H"], cwd=record.ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    records = [path for commit in log for path in record.FOLDER.glob(f"{commit[:12]}.json")]
    for at, newer in enumerate(records):
        for older in records[at + 1 :]:
            if any(True for _ in compare(*(json.loads(path.read_text()) for path in (older, newer)))):
                return [older, newer]
    return []


if __name__ == "__main__":
    raise SystemExit(main())
