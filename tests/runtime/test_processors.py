"""How many threads a program uses where nothing is said."""

import os
from pathlib import Path

import pytest

from octavo.runtime import processors
from octavo.runtime.processors import available_threads


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of 8 processors without limits, and a way to write its files."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return write


VERSION_1 = "5:memory:/box\n4:cpu,cpuacct:/box/inner\n0::/\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8),
        ({"proc/self/cgroup": "0::/box\n", "sys/fs/cgroup/box/cpu.max": "max 100000\n"}, 8),
        ({"proc/self/cgroup": "0::/box\n", "sys/fs/cgroup/box/cpu.max": "200000 100000\n"}, 2),
        ({"proc/self/cgroup": "0::/box\n", "sys/fs/cgroup/box/cpu.max": "150000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/box\n", "sys/fs/cgroup/box/cpu.max": "20000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/box\n", "sys/fs/cgroup/box/cpu.max": "6400000 100000\n"}, 8),
        ({"proc/self/cgroup": "0::/box/inner\n", "sys/fs/cgroup/box/cpu.max": "300000 100000\n"}, 3),
        ({"proc/self/cgroup": "0::/host/only\n", "sys/fs/cgroup/cpu.max": "400000 100000\n"}, 4),
        ({"proc/self/cgroup": "0::/../box\n", "sys/fs/cgroup/cpu.max": "500000 100000\n"}, 5),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/unified/cpu.max": "500000 100000\n"}, 5),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "nonsense\n"}, 8),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100000 0\n"}, 8),
        ({"proc/self/cgroup": "nonsense\n"}, 8),
    ],
)
def test_limits_of_version_2(machine, files, expected):
    assert available_threads(machine(files)) == expected


@pytest.mark.parametrize("mount", ["cpu,cpuacct", "cpu"])
@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("250000", 2), ("50000", 1)])
@pytest.mark.parametrize("group", ["/box/inner", "/box", ""])
def test_limits_of_version_1(machine, mount, quota, expected, group):
    folder = f"sys/fs/cgroup/{mount}{group}"
    files = {f"{folder}/cpu.cfs_quota_us": f"{quota}\n", f"{folder}/cpu.cfs_period_us": "100000\n"}
    assert available_threads(machine({"proc/self/cgroup": VERSION_1, **files})) == expected


def test_the_tightest_limit_counts(machine):
    files = {"sys/fs/cgroup/a/cpu.max": "600000 100000", "sys/fs/cgroup/a/b/cpu.max": "700000 100000"}
    assert available_threads(machine({"proc/self/cgroup": "0::/a/b\n", **files})) == 6


def test_processors_that_the_process_may_not_run_on_do_not_count(machine, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert available_threads(machine({})) == 1


def test_this_machine_has_one():
    assert 1 <= processors.available_threads() <= (os.cpu_count() or 1)
