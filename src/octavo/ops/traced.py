"""The PyTorch operator `octavo::run`: a whole program as one node of an exported graph."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from octavo.program import Program, bind_symbols, infer_shapes
from octavo.program.document import from_document

if TYPE_CHECKING:
    from octavo.ops.tensor_program import TensorProgram

# Programs kept ready to run, each with the tensors that it was made of: while they are held, no other tensor can
# have their address.
_KEPT = 256
_ready: OrderedDict[tuple[object, ...], tuple[TensorProgram, Sequence[Tensor]]] = OrderedDict()

_DTYPES = {
    "float32": torch.float32,
    "uint8": torch.uint8,
    "int8": torch.int8,
    "int32": torch.int32,
    "int64": torch.int64,
}


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
def run(inputs: Sequence[Tensor], constants: Sequence[Tensor], program: str) -> list[Tensor]:
    """Run a program on the native engine.

    Args:
        inputs: as the program declares them.
        constants: the program's, sorted by name.
        program: its JSON document.
    """
    from octavo.ops.tensor_program import TensorProgram

    key = (program, *((tensor.data_ptr(), tensor._version) for tensor in constants))
    if key not in _ready:
        _ready[key] = (TensorProgram(read_program(program, constants)), constants)
        while len(_ready) > _KEPT:
            _ready.popitem(last=False)
    _ready.move_to_end(key)
    return _ready[key][0].run(inputs)


@run.register_fake
def _(inputs: Sequence[Tensor], constants: Sequence[Tensor], program: str) -> list[Tensor]:
    document = json.loads(program)
    names = sorted({name for operator in document["operators"] for name in operator["constants"].values()})
    # Shapes follow from the constants' shapes alone.
    described = from_document(document, dict(zip(names, constants, strict=True)))  # type: ignore[arg-type]
    shapes = infer_shapes(described, bind_symbols(described, [x.shape for x in inputs]))
    device = inputs[0].device
    return [
        torch.empty(shapes[name], dtype=_DTYPES[described.values[name].dtype], device=device)
        for name in described.outputs
    ]
