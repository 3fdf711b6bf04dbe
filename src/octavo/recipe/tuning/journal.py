"""What a folder keeps of tuning, so that it can go on after an interrupt."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

from octavo.program import OctavoError, Program
from octavo.program import load as load_program
from octavo.program import save as save_program
from octavo.recipe.tuning.trial import Trial

_NAME = "journal.jsonl"


class JournalError(OctavoError, ValueError):
    """A folder holds the journal of something else, or of nothing."""


class Journal:
    """The trials in `journal.jsonl`, a line each after one that says what they are of, and programs beside it.

    The file is replaced whole after every trial. A program is written before the line that names it, and deleted after
    no line does. So no program takes memory beside that of the trial that is made.

    Args:
        folder: is made where there is none; None keeps the trials in memory, and programs in a temporary folder that
            goes when the journal does.
        subject: what is tuned, as plain data; trials of another subject are refused.

    Raises:
        JournalError: the folder holds another journal, or a file that is none.
        OSError: the folder cannot be made or read.
    """

    def __init__(self, folder: str | os.PathLike[str] | None, subject: dict[str, Any]) -> None:
        self.folder = None if folder is None else Path(folder)
        self._subject = subject
        self.trials: list[Trial] = []
        self._programs = self.folder or Path(tempfile.mkdtemp(prefix="octavo-tune-"))
        if self.folder is None:
            weakref.finalize(self, shutil.rmtree, self._programs, ignore_errors=True)
            return
        if self.folder.exists() and not self.folder.is_dir():
            raise JournalError(f"folder {self.folder}: is a file, expected a folder for the journal")
        self.folder.mkdir(parents=True, exist_ok=True)
        if (self.folder / _NAME).exists():
            self.trials = self._read(self.folder / _NAME)

    def _read(self, path: Path) -> list[Trial]:
        try:
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            subject, trials = lines[0], [Trial.from_json(line) for line in lines[1:]]
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise JournalError(f"{path}: is no journal of octavo.tune ({error}). Remedy: another folder") from error
        for key, value in self._subject.items():
            if not isinstance(subject, dict) or subject.get(key) != value:
                raise JournalError(
                    f"{path}: was written for another {key}; expected the one given now. Remedy: another folder"
                )
        return trials

    def find(self, settings: dict[str, Any]) -> int:
        """Return the index of the trial with these settings, or that of the next one."""
        found = (index for index, trial in enumerate(self.trials) if trial.settings == settings)
        return next(found, len(self.trials))

    def put(self, index: int, trial: Trial) -> None:
        """Keep a trial in the place of the one with that index, or after all."""
        self.trials[index : index + 1] = [trial]
        if self.folder is None:
            return
        lines = [self._subject, *(trial.as_json() for trial in self.trials)]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        temporary = self.folder / f".{_NAME}.{os.getpid()}.tmp"
        try:
            with temporary.open("w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(self.folder / _NAME)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def keep(self, index: int, program: Program) -> str:
        """Keep the program of a trial and return the name of its file."""
        name = f"trial-{index:03}.octavo"
        save_program(program, self._programs / name)
        return name

    def program(self, trial: Trial) -> Program | None:
        """Return the program of a trial; None where its file is gone, or no program."""
        if not trial.file:
            return None
        try:
            return load_program(self._programs / trial.file)
        except (OSError, ValueError):
            return None

    def drop(self, name: str) -> None:
        """Forget a program that no trial names any more."""
        (self._programs / name).unlink(missing_ok=True)
