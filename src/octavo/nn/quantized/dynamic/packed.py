"""Sequences of different lengths: walked in runs of time steps that have the same batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

if TYPE_CHECKING:
    from octavo.nn.quantized.dynamic.rnn_base import RNNBase
    from octavo.nn.quantized.dynamic.step import RecurrentStep


def run_packed(
    module: RNNBase, packed: PackedSequence, states: tuple[Tensor, ...] | None
) -> tuple[PackedSequence, tuple[Tensor, ...]]:
    """Walk a packed sequence, each sample to its own end.

    Args:
        module: a recurrent module; its layers are walked one after the other.
        packed: data [steps of all samples, input_size], longest sample first.
        states: in the order of the samples before packing, or None for zeros.

    Returns: outputs packed in the same way, and the last states in the order of the samples.
    """
    sizes = packed.batch_sizes.tolist()
    batch = sizes[0]
    if states is None:
        shape = (module.num_layers * module.directions, batch, module.hidden_size)
        states = tuple(torch.zeros(shape) for _ in range(module.states))
    elif packed.sorted_indices is not None:
        states = tuple(s.index_select(1, packed.sorted_indices) for s in states)
    x = packed.data
    last: list[list[Tensor]] = [[] for _ in states]
    for layer in range(module.num_layers):
        outputs = []
        for direction in range(module.directions):
            index = layer * module.directions + direction
            start = tuple(s[index] for s in states)
            one = module.part(f"l{layer}" + ("_reverse" if direction else ""), bool(direction))
            y, end = _walk(one, x, sizes, start, bool(direction))
            outputs.append(y)
            for kept, state in zip(last, end, strict=True):
                kept.append(state)
        x = torch.cat(outputs, 1)
    ends = tuple(torch.stack(kept) for kept in last)
    if packed.unsorted_indices is not None:
        ends = tuple(s.index_select(1, packed.unsorted_indices) for s in ends)
    answer = PackedSequence(x, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
    return answer, ends


def _runs(sizes: list[int]) -> list[tuple[int, int, int]]:
    """Split the time steps into runs of equal batch: (first row, steps, batch)."""
    runs: list[tuple[int, int, int]] = []
    row = 0
    for size in sizes:
        if runs and runs[-1][2] == size:
            first, steps, _ = runs[-1]
            runs[-1] = (first, steps + 1, size)
        else:
            runs.append((row, 1, size))
        row += size
    return runs


def _walk(
    one: RecurrentStep, x: Tensor, sizes: list[int], start: tuple[Tensor, ...], reverse: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Walk one layer in one direction; the state of a sample waits where its steps end, or begins there."""
    runs = _runs(sizes)
    pieces: dict[int, Tensor] = {}
    now = [s.clone() for s in start]
    for first, steps, size in reversed(runs) if reverse else runs:
        part = x[first : first + steps * size].view(steps, size, -1)
        y, end = one.walk(part, tuple(s[:size] for s in now))
        for state, new in zip(now, end, strict=True):
            state[:size] = new
        pieces[first] = y.reshape(steps * size, -1)
    return torch.cat([pieces[first] for first, _, _ in runs]), tuple(now)
