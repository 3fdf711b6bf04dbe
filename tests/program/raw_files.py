"""Writes files as `docs/program.md` describes them, whatever they hold, with a checksum that fits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

SPELLING = {"float32": "F32", "uint8": "U8", "int8": "I8", "int32": "I32", "int64": "I64"}


def checksum(text: str, tensors: Mapping[str, np.ndarray]) -> str:
    parts = [text.encode()]
    for name, array in sorted(tensors.items()):
        described = f'["{name}","{SPELLING.get(array.dtype.name)}",[{",".join(map(str, array.shape))}]]'
        parts += [described.encode(), array.tobytes()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def write(path: Path, document: Any, tensors: Mapping[str, np.ndarray], **metadata: str | None) -> None:
    """Write a file; `document` is the JSON's text or an object, `metadata` replaces entries (None removes one)."""
    text = document if isinstance(document, str) else json.dumps(document)
    entries: dict[str, str | None] = {
        "format": "octavo",
        "format_version": "1",
        "program": text,
        "checksum": checksum(text, tensors),
        **metadata,
    }
    save_file(dict(tensors), path, {key: entry for key, entry in entries.items() if entry is not None})


def read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the JSON object and the tensors of a file."""
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["program"]), load_file(path)
