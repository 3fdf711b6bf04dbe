"""Models of the transformers package: a folder with a configuration, weights and perhaps a tokenizer."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from octavo.cli.guard import UsageError

_NEEDED = ("config.json", "model.safetensors")
_TOKENS = 16
"""Length of the example, which is symbolic in the program."""


def is_pretrained(source: str) -> bool:
    """Tell whether a source is a folder that transformers could have saved."""
    return (Path(source) / _NEEDED[0]).is_file()


def _hide_broken_torchvision() -> None:
    """Let transformers do without a torchvision that was built for another PyTorch and fails to import.

    Language models need none of it, but transformers imports it wherever it is installed.
    """
    if find_spec("torchvision") is None:
        return
    try:
        import_module("torchvision")
    except Exception:  # RuntimeError: operator torchvision::nms does not exist
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        sys.modules["torchvision"] = None  # type: ignore[assignment]  # as if it were not installed


def load_pretrained(source: str) -> Any:
    """Load the model of a folder, in float32.

    Args:
        source: a folder with `config.json` and `model.safetensors`.

    Raises:
        UsageError: transformers is not installed, a file is missing, or it cannot make a model of them.
    """
    folder = Path(source)
    for name in _NEEDED:
        if not (folder / name).is_file():
            raise UsageError(f"SOURCE {source}: has no {name}, expected the folder of a transformers model")
    _hide_broken_torchvision()
    try:
        from transformers import AutoModel
    except ImportError as error:
        raise UsageError(
            f"SOURCE {source}: transformers cannot be imported ({error}). Remedy: pip install transformers"
        ) from error
    try:
        return AutoModel.from_pretrained(folder, local_files_only=True).float().eval()
    except Exception as error:
        raise UsageError(f"SOURCE {source}: transformers cannot load it ({type(error).__name__}: {error})") from error


def example_of(source: str) -> dict[str, Any]:
    """Return inputs for a model of token ids: ids, a mask and, where the model has types of tokens, those.

    Raises:
        UsageError: its configuration names no vocabulary.
    """
    import torch

    configuration = _configuration(source)
    words = configuration.get("vocab_size")
    if not isinstance(words, int) or words < 1:
        raise UsageError(f"SOURCE {source}: config.json has no vocab_size, expected a model of token ids")
    longest = configuration.get("max_position_embeddings")
    length = min(_TOKENS, longest) if isinstance(longest, int) else _TOKENS
    ids = torch.arange(2 * length).reshape(2, length) % words
    return _inputs(configuration, ids, torch.ones_like(ids))


def read_texts(path: Path, source: str, batch: int, limit: int | None) -> Sequence[dict[str, Any]]:
    """Read the lines of a file as batches of token ids, by the tokenizer of a model's folder.

    Args:
        path: a text file, UTF-8; empty lines are left out.
        source: the folder, with `tokenizer.json`.
        batch: how many lines go into one batch.
        limit: how many lines to take at most.

    Raises:
        UsageError: there is no tokenizer, or no text.
    """
    if not is_pretrained(source):
        raise UsageError(
            f"--calibration {path}: text needs a tokenizer, and SOURCE {source} is no folder of a transformers model. "
            "Remedy: pass package.module:factory of an iterable of token ids"
        )
    tokenizer = _tokenizer(Path(source))
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()][:limit]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--calibration {path}: cannot be read as UTF-8 text ({error})") from error
    if not lines:
        raise UsageError(f"--calibration {path}: holds no line of text")
    longest = _configuration(source).get("max_position_embeddings")
    if isinstance(longest, int):
        tokenizer.enable_truncation(longest)
    return list(_batches(source, tokenizer, sorted(lines, key=len), batch))


def _batches(source: str, tokenizer: Any, lines: Sequence[str], batch: int) -> Iterator[dict[str, Any]]:
    import torch

    configuration = _configuration(source)
    tokenizer.enable_padding(pad_id=configuration.get("pad_token_id") or 0)
    for start in range(0, len(lines), batch):
        encoded = tokenizer.encode_batch(list(lines[start : start + batch]))
        ids, mask = (torch.tensor([getattr(e, name) for e in encoded]) for name in ("ids", "attention_mask"))
        yield _inputs(configuration, ids, mask)


def _inputs(configuration: dict[str, Any], ids: Any, mask: Any) -> dict[str, Any]:
    import torch

    inputs = {"input_ids": ids, "attention_mask": mask}
    types = configuration.get("type_vocab_size")
    return inputs | ({"token_type_ids": torch.zeros_like(ids)} if isinstance(types, int) and types > 0 else {})


def _tokenizer(folder: Path) -> Any:
    file = folder / "tokenizer.json"
    if not file.is_file():
        raise UsageError(f"SOURCE {folder}: has no tokenizer.json, which --calibration with text needs")
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise UsageError("--calibration: text needs the tokenizers package. Remedy: pip install tokenizers") from error
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:
        raise UsageError(f"SOURCE {folder}: its tokenizer.json cannot be read ({error})") from error


def _configuration(source: str) -> dict[str, Any]:

    try:
        read = json.loads((Path(source) / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"SOURCE {source}: its config.json cannot be read ({error})") from error
    if not isinstance(read, dict):
        raise UsageError(f"SOURCE {source}: its config.json holds a {type(read).__name__}, expected an object")
    return read
