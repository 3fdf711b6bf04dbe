"""What tuning has chosen, kept beside a model: `model.octavo.tune`, a small JSON file.

It says which variant of each operator was fastest on a machine. It is a hint: variants differ in speed and never in a
bit, so a file that is missing, damaged, or of another program, machine or engine costs speed alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from octavo import __version__, _core

FORMAT = 1
_MOST_BYTES = 16 * 2**20
_MOST_ENTRIES = 64

Variants = Mapping[str, str]
"""Operator name → the name of the variant that it is built as."""


class TuningWarning(UserWarning):
    """A tuning file is ignored; the message says why."""


@dataclass(frozen=True)
class Machine:
    """What a tuning holds for.

    Args:
        cpu: the model of the processor, as the system names it.
        isa: the instruction set that the kernels were of.
        threads: how many a run used.
        engine: version and fingerprint of the compiled engine.
    """

    cpu: str
    isa: str
    threads: int
    engine: str

    @classmethod
    def this(cls, isa: str, threads: int) -> Machine:
        """Describe this machine."""
        return cls(_cpu(), isa, threads, _engine())


def tuning_path(path: str | os.PathLike[str]) -> Path:
    """Return where the tuning of a model lies."""
    return Path(f"{os.fspath(path)}.tune")


def read_variants(path: str | os.PathLike[str], isa: str, threads: int) -> Variants:
    """Return what tuning has chosen for a model on this machine; nothing, and a `TuningWarning`, where that is no use.

    Without a tuning file, or with one for other numbers of threads alone, nothing is returned and nothing said.

    Args:
        path: of the model.
        isa, threads: what it will run on.
    """
    file = tuning_path(path)
    try:
        entries = _read(file, _program_key(path))
        if not entries:
            return {}
        machine = Machine.this(isa, threads)
        for entry in entries:
            if entry["machine"] == asdict(machine):
                return entry["variants"]
        others = [{**entry["machine"], "threads": threads} for entry in entries]
        if asdict(machine) not in others:
            raise ValueError(f"it was made elsewhere (for {_differences(others[-1], asdict(machine))})")
    except (OSError, ValueError) as error:
        message = f"{file} is ignored: {error}; `octavo bench {os.fspath(path)} --tune` makes it anew"
        warnings.warn(message, TuningWarning, stacklevel=3)
    return {}


def require_writable(path: str | os.PathLike[str]) -> None:
    """Raise PermissionError unless the tuning of a model can be written beside it."""
    folder = tuning_path(path).parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{folder}: cannot be written to, and what tuning finds lies there; copy the model first")


def write_variants(path: str | os.PathLike[str], machine: Machine, variants: Variants, measured: Any) -> Path:
    """Keep what tuning has chosen beside a model, whole or not at all, with what is kept for other machines.

    Args:
        path: of the model.
        machine: what it was tuned on.
        variants: what was chosen.
        measured: JSON values that say what it was measured on and how fast it was; for people to read.

    Returns: the path of the tuning file.

    Raises:
        OSError: it cannot be written.
    """
    file, program = tuning_path(path), _program_key(path)
    try:
        entries = [entry for entry in _read(file, program) if entry["machine"] != asdict(machine)]
    except (OSError, ValueError):
        entries = []  # what cannot be used need not be kept
    entries = [*entries[1 - _MOST_ENTRIES :], {"machine": asdict(machine), "variants": variants, "measured": measured}]
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps({"format": FORMAT, "program": program, "entries": entries}, indent=1) + "\n")
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return file


def _read(file: Path, program: str) -> list[dict[str, Any]]:
    """Return the entries of a tuning file, none where there is no file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a tuning file of that program.
    """
    try:
        with file.open("rb") as stream:
            text = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return []
    try:
        document = json.loads(text) if len(text) <= _MOST_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"it is not a tuning file of format {FORMAT}")
    if document.get("program") != program:
        raise ValueError("it was made for another program")
    entries = document.get("entries")
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        raise ValueError("its entries are damaged")
    return entries


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("machine"), dict):
        return False
    variants = entry.get("variants")
    return isinstance(variants, dict) and all(isinstance(name, str) for name in variants.values())


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    different = [key for key, value in wanted.items() if found.get(key) != value]
    return ", ".join(f"{key} {found.get(key)!r}, not {wanted[key]!r}" for key in different)


def _program_key(path: str | os.PathLike[str]) -> str:
    """Hash a file's header: operators, shapes and where the constants lie, not their numbers, which change no speed."""
    with Path(path).open("rb") as stream:
        size = stream.read(8)
        return hashlib.sha256(size + stream.read(int.from_bytes(size, "little"))).hexdigest()


@cache
def _engine() -> str:
    return f"{__version__} {hashlib.sha256(Path(_core.__file__).read_bytes()).hexdigest()[:16]}"


@cache
def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    fields = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in fields if key.strip() == "model name"), platform.processor())
