"""What a measurement was made on and with."""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_INT8_FLAGS = ("avx2", "avx512f", "avx512bw", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")


def commit() -> str:
    """Return the short commit, with `-dirty` where tracked files differ from it."""
    described = _output("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    return described or "unknown"


def describe(packages: Iterable[str]) -> dict[str, Any]:
    """Describe the machine, the compiler, the commit and the installed version of each of `packages`."""
    model, flags = _cpu()
    return {
        "cpu": model,
        "cpu_flags": [flag for flag in _INT8_FLAGS if flag in flags],
        "cpus": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "compiler": _output(os.environ.get("CXX", "c++"), "--version").partition("\n")[0],
        "commit": commit(),
        "versions": {name: version(name) for name in sorted(set(packages) | {"numpy", "torch", "torchvision"})},
    }


def _cpu() -> tuple[str, set[str]]:
    info = Path("/proc/cpuinfo")
    fields: dict[str, str] = {}
    if info.exists():
        for line in info.read_text().splitlines():
            key, _, value = line.partition(":")
            fields.setdefault(key.strip(), value.strip())
    return fields.get("model name", platform.processor()), set(fields.get("flags", fields.get("Features", "")).split())


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def version(package: str) -> str | None:
    """Return the installed version of a package, None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
