"""How a model's outputs were arranged: JSON that a flat list of arrays is rebuilt from.

An integer is an index into the outputs, a list is a list, `{"tuple": [...]}` a tuple, `{"dict": {...}}` a dict with
string keys, null is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from octavo.program.errors import FormatError

MAX_DEPTH = 64


def flatten(value: Any) -> tuple[Any, list[Any]]:
    """Take lists, tuples, dicts and None apart; anything else is a leaf.

    Returns:
        The structure and the leaves in order, so that `rebuild(structure, leaves)` equals `value`.

    Raises:
        TypeError: a dict has a key that is not a string.
    """
    leaves: list[Any] = []

    def take(part: Any) -> Any:
        if part is None:
            return None
        if isinstance(part, tuple):
            return {"tuple": [take(item) for item in part]}
        if isinstance(part, list):
            return [take(item) for item in part]
        if isinstance(part, dict):
            for key in part:
                if not isinstance(key, str):
                    raise TypeError(f"an output is a dict with the key {key!r}; only string keys can be kept")
            return {"dict": {key: take(item) for key, item in part.items()}}
        leaves.append(part)
        return len(leaves) - 1

    return take(value), leaves


def rebuild(structure: Any, outputs: Sequence[Any]) -> Any:
    """Arrange flat outputs as the model returned them.

    Args:
        structure: a structure that `check_structure` accepts.
        outputs: the leaves, indexed by the structure's integers.
    """
    if structure is None:
        return None
    if isinstance(structure, int):
        return outputs[structure]
    if isinstance(structure, list):
        return [rebuild(item, outputs) for item in structure]
    if "tuple" in structure:
        return tuple(rebuild(item, outputs) for item in structure["tuple"])
    return {key: rebuild(item, outputs) for key, item in structure["dict"].items()}


def check_structure(structure: Any, count: int) -> None:
    """Check that a structure is well formed and places each of `count` outputs.

    Raises:
        FormatError: naming the part of `output_structure` that is wrong.
    """
    placed = set(_indices(structure, count, "output_structure", 0))
    missing = set(range(count)) - placed
    if missing:
        raise FormatError(f"output_structure: places the outputs {sorted(placed)}, {sorted(missing)} are missing")


def _indices(part: Any, count: int, where: str, depth: int) -> Iterator[int]:
    if depth > MAX_DEPTH:
        raise FormatError(f"output_structure: is nested more than {MAX_DEPTH} deep")
    if part is None:
        return
    if type(part) is int:
        if not 0 <= part < count:
            raise FormatError(f"{where}: got {part}, expected an index into the {count} outputs")
        yield part
    elif isinstance(part, list):
        yield from _all(enumerate(part), count, where, depth)
    elif isinstance(part, dict) and part.keys() == {"tuple"} and isinstance(part["tuple"], list):
        yield from _all(enumerate(part["tuple"]), count, f"{where}.tuple", depth)
    elif isinstance(part, dict) and part.keys() == {"dict"} and isinstance(part["dict"], dict):
        if not all(isinstance(key, str) and key.isprintable() for key in part["dict"]):
            raise FormatError(f"{where}.dict: got the keys {list(part['dict'])}, expected printable strings")
        yield from _all(part["dict"].items(), count, f"{where}.dict", depth)
    else:
        raise FormatError(
            f'{where}: got {part!r:.80}, expected an index, a list, {{"tuple": [...]}} or {{"dict": {{...}}}}'
        )


def _all(items: Any, count: int, where: str, depth: int) -> Iterator[int]:
    for key, item in items:
        yield from _indices(item, count, f"{where}[{key!r}]", depth + 1)
