"""What was made for a key, kept for the next time."""

from __future__ import annotations

from typing import Any, TypeVar

from octavo.program import Value

T = TypeVar("T")

_MOST = 1024


class Kept(dict[Any, T]):
    """An entry for each key, at most 1024: the oldest goes first.

    `functools.lru_cache` for keys that are cheaper to make and to compare than its own.
    """

    def add(self, key: Any, entry: T) -> T:
        """Keep an entry and return it."""
        while len(self) >= _MOST:
            self.pop(next(iter(self)), None)
        self[key] = entry
        return entry


def key_of(value: Value) -> tuple[str, float | None, int | None]:
    """Return what tells a value from another one, as a key that is hashed without a call into Python."""
    return value.dtype, value.scale, value.zero_point
