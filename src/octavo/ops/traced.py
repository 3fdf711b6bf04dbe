"""The PyTorch operator `octavo::run`: a whole program as one node of an exported graph."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from octavo.ops.memory import TORCH_DTYPES
from octavo.program import Program, infer_shapes
from octavo.program.document import from_document

if TYPE_CHECKING:
    from octavo.ops.tensor_program import TensorProgram

# Programs kept ready to run.
_KEPT = 256
_ready: OrderedDict[tuple[str, str], TensorProgram] = OrderedDict()


def read_program(text: str, constants: Sequence[Tensor]) -> Program:
    """Read the program of a node.

    Args:
        text: its JSON document.
        constants: its constants, sorted by name.
    """
    document = json.loads(text)
    names = sorted({name for operator in document["operators"] for name in operator["constants"].values()})
    arrays = {name: tensor.detach().numpy() for name, tensor in zip(names, constants, strict=True)}
    return from_document(document, arrays)


@torch.library.custom_op("octavo::run", mutates_args=())
def run(inputs: Sequence[Tensor], constants: Sequence[Tensor], program: str, digest: str) -> list[Tensor]:
    """Run a program on the native engine.

    Args:
        inputs: as the program declares them.
        constants: the program's, sorted by name.
        program: its JSON document.
        digest: tells programs with the same document and other constants apart.
    """
    from octavo.ops.tensor_program import TensorProgram

    key = (program, digest)
    if key not in _ready:
        _ready[key] = TensorProgram(read_program(program, [tensor.clone() for tensor in constants]))
        while len(_ready) > _KEPT:
            _ready.popitem(last=False)
    _ready.move_to_end(key)
    return _ready[key].run(inputs)


@run.register_fake
def _(inputs: Sequence[Tensor], constants: Sequence[Tensor], program: str, digest: str) -> list[Tensor]:
    document = json.loads(program)
    names = sorted({name for operator in document["operators"] for name in operator["constants"].values()})
    # Shapes follow from the constants' shapes alone.
    described = from_document(document, dict(zip(names, constants, strict=True)))  # type: ignore[arg-type]
    sizes = {
        dim: n
        for declared, x in zip(described.inputs, inputs, strict=True)
        for dim, n in zip(declared.shape, x.shape, strict=True)
        if isinstance(dim, str)
    }
    shapes = infer_shapes(described, sizes, limits=False)
    device = inputs[0].device
    return [
        torch.empty(shapes[name], dtype=TORCH_DTYPES[described.values[name].dtype], device=device)
        for name in described.outputs
    ]
