"""The state of a training in a folder: tensors in safetensors, no pickle."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from octavo.recipe.finetuning.plan import FinetuneError

_FILE, _FORMAT = "checkpoint.safetensors", 1


class Checkpoint:
    """Keeps a training in a folder, from which the next call goes on.

    Args:
        folder: is made where it is not there; None keeps nothing.
        subject: what tells this training from others, compared before anything is taken from the folder.
    """

    def __init__(self, folder: str | os.PathLike[str] | None, subject: dict[str, Any]) -> None:
        self._path = None if folder is None else Path(folder) / _FILE
        self._subject = subject

    def save(self, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
        """Write the state after a number of steps; the file appears whole or stays as it was."""
        if self._path is None:
            return
        tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in state.items()}
        about = json.dumps({"format_version": _FORMAT, "step": step, "subject": self._subject})
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        save_file(
            {name: t.detach().cpu().clone().contiguous() for name, t in tensors.items()}, partial, {"training": about}
        )
        partial.replace(self._path)

    def load(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
        """Take up the state that is kept, if any; return after how many steps it was.

        Raises:
            FinetuneError: the file is damaged, or of another training.
        """
        if self._path is None or not self._path.exists():
            return 0
        remedy = "Remedy: another folder, or delete this one to start anew"
        try:
            with safe_open(self._path, "pt") as file:
                about = json.loads((file.metadata() or {}).get("training", "{}"))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, ValueError) as error:
            raise FinetuneError(f"{self._path}: not a whole checkpoint ({error}). {remedy}") from error
        if about.get("format_version") != _FORMAT:
            raise FinetuneError(f"{self._path}: format {about.get('format_version')!r}, expected {_FORMAT}. {remedy}")
        kept = about["subject"]
        if differing := [key for key, value in self._subject.items() if kept.get(key) != value]:
            raise FinetuneError(f"{self._path} is of a training with another {', '.join(differing)}. {remedy}")
        model.load_state_dict(_below("model.", tensors))
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in _below("optimizer.", tensors).items():
            index, _, key = name.partition(".")
            state.setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
        return int(about["step"])


def _below(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
