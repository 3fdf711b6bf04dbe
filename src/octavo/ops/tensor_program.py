"""A small program called with tensors: run on the native engine, or recorded as one node by torch.export."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from octavo.ops import traced
from octavo.ops.memory import Call, how_it_lies, make_call
from octavo.program import Program
from octavo.program.document import to_document
from octavo.runtime import LoadedProgram


class TensorProgram:
    """Call a program with tensors on the CPU.

    Outside of tracing the native engine runs it. Where torch.export or torch.compile trace, the call becomes the
    operator `octavo::run`, which holds the program, so that a quantized module can be exported and what is exported
    can be made one program again.

    Args:
        program: what is computed.

    Raises:
        VerifyError: the program is not valid.
    """

    def __init__(self, program: Program) -> None:
        self._loaded = LoadedProgram(program)
        self._latest: tuple[list[Any], Call] | None = None

    @property
    def program(self) -> Program:
        """What is computed."""
        return self._loaded.program

    def __call__(self, *inputs: Tensor) -> list[Tensor]:
        """Compute the program's outputs, in order, on as many threads as PyTorch's own operators use.

        Outputs of 8 bits have the strides that they are made with: convolutions and what follows them keep
        channels_last memory. All others are contiguous.

        Args:
            inputs: as the program declares them; strides may be any.

        Raises:
            TypeError, ShapeError: an input does not fit.
        """
        if torch.compiler.is_compiling():
            return traced.run(inputs, self._constants, self._text, self._digest)
        key = [how_it_lies(x) for x in inputs]
        latest = self._latest
        call = latest[1] if latest is not None and latest[0] == key else self._call(key, inputs)
        return call.run(list(inputs), torch.get_num_threads())

    def run(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Compute as a call does; all outputs are contiguous."""
        return [y.contiguous() for y in self(*inputs)]

    def _call(self, key: list[Any], inputs: Sequence[Tensor]) -> Call:
        call = make_call(self.program, self._loaded.plans, list(inputs))
        self._latest = key, call
        return call

    @cached_property
    def _text(self) -> str:
        return json.dumps(to_document(self.program), separators=(",", ":"))

    @property
    def _constants(self) -> list[Tensor]:
        # Made anew for each trace: a tensor that is made while PyTorch traces holds no data once that is over.
        constants: Any = self.program.constants
        return [torch.from_numpy(constants[name].copy()) for name in sorted(constants)]

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256()
        for _, array in sorted(self.program.constants.items()):
            digest.update(array.tobytes())
        return digest.hexdigest()


def example_shape(x: Tensor) -> tuple[int, ...]:
    """Return a shape to check a program at, 1 for a size that is 0; of a symbolic size, that which is traced with."""
    return tuple((n if isinstance(n, int) else int(n.node.hint)) or 1 for n in x.shape)
