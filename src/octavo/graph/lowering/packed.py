"""Sequences that are packed for a recurrent layer, and unpacked behind it."""

from __future__ import annotations

from typing import Any

from octavo.graph.lowering.builder import INDICES, Builder
from octavo.graph.lowering.recurrent import turned
from octavo.graph.lowering.registry import Packed, Unsupported, Value, lowers


@lowers("pack", any_dtype=True)
def pack(b: Builder, x: Value, lengths: Any, batch_first: bool) -> Packed:
    """Take note of the lengths that `pack_padded_sequence` was called with."""
    if not isinstance(lengths, Value):
        raise Unsupported("the lengths of its sequences are constants", "pass them as an input (int64)")
    if b.fixed.get(lengths.name) != INDICES:
        raise Unsupported("the lengths of its sequences are not int64", "pass them as an input (int64)")
    return Packed(turned(b, x, ".time_first") if batch_first else x, lengths)


@lowers("unpack", sizes=True, any_dtype=True)
def unpack(b: Builder, x: Packed, lengths: Value, batch_first: bool, steps: Any) -> Value:
    """Return padded sequences; behind their ends recurrent layers give zeros."""
    made = next((node for node in b.nodes if node.output == x.sequences.name), None)
    if made is None or ("lengths" not in made.attributes and made.type != "concat"):
        raise Unsupported("no recurrent layer lies between packing and unpacking", "leave both out")
    return turned(b, x.sequences, ".output") if batch_first else x.sequences
