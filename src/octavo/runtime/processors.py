"""How many processors this process may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def available_threads(root: Path = Path("/")) -> int:
    """Count the processors that this process may use: those it may run on, or fewer if a control group limits its time.

    A limit of 1.5 processors counts as 1: a thread more would have the group stopped for part of each period.

    Args:
        root: the folder that `proc/` and `sys/` lie in.
    """
    visible = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([visible, *(int(limit) for limit in _limits(root))]))


def _limits(root: Path) -> Iterator[float]:
    """Yield how many processors each control group above this process has the time of, where it is limited."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        mounts = root / "sys/fs/cgroup"
        if not controllers:  # version 2, perhaps beside version 1
            for folder in (mounts, mounts / "unified"):
                yield from _each(folder, group, _limit_2)
        elif "cpu" in controllers.split(","):
            for name in {controllers, "cpu"}:
                yield from _each(mounts / name, group, _limit_1)


def _each(mount: Path, group: str, limit_of) -> Iterator[float]:
    # In a container the path may be one that only the host sees: the groups that are there count, the mount's own too.
    path = PurePosixPath("/") / group
    for folder in (path, *path.parents):
        if ".." not in folder.parts and (limit := limit_of(mount / folder.relative_to("/"))) is not None:
            yield limit


def _limit_2(folder: Path) -> float | None:
    parts = _text(folder / "cpu.max").split()
    return _ratio(*parts) if len(parts) == 2 else None


def _limit_1(folder: Path) -> float | None:
    return _ratio(_text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us"))


def _ratio(quota: str, period: str) -> float | None:
    """Return quota / period, both microseconds; None where there is no limit ("max", -1) or no such file."""
    try:
        limit = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return limit if limit > 0 else None


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
