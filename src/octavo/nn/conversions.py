"""Which tensors went from 8 bits to float, or back, where nobody asked for it: counted, so that it can be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Conversions:
    """Count the conversions between 8 bits and float that a converted model makes by itself.

    A seam between a layer in 8 bits and one in float is correct, but costs time. `str()` gives a table.
    """

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, where: str, kind: str) -> None:
        """Add one.

        Args:
            where: the module's full name, or the function's.
            kind: `quantize` (float to 8 bits) or `dequantize` (8 bits to float).
        """
        self._counts[where, kind] += 1

    def reset(self) -> None:
        """Forget all counts."""
        self._counts.clear()

    def total(self) -> int:
        """Return the number of conversions."""
        return self._counts.total()

    def rows(self) -> list[tuple[str, str, int]]:
        """List (where, kind, count), the most frequent first."""
        return [(where, kind, n) for (where, kind), n in self._counts.most_common()]

    @contextmanager
    def recording(self) -> Iterator[Conversions]:
        """Count from zero within a block, into what this returns; the counts outside of it go on afterwards."""
        outer, self._counts = self._counts, Counter()
        inner = Conversions()
        try:
            yield inner
        finally:
            inner._counts = self._counts
            self._counts = outer + self._counts

    def __str__(self) -> str:
        rows = self.rows()
        if not rows:
            return "no conversions"
        width = max(len(where) for where, _, _ in rows)
        return "\n".join(f"{where:<{width}}  {kind:<10}  {n:>6}" for where, kind, n in rows)


conversions = Conversions()
"""All conversions of this process."""
