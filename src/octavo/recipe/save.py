"""From a quantized module, of either front door, to one program and its file."""

from __future__ import annotations

import os
from typing import Any

from torch import nn
from torch.utils import _pytree as pytree

from octavo import __version__
from octavo.graph import CaptureError, UnsupportedOperatorError, assemble, capture
from octavo.graph.signature import Sample, arguments
from octavo.nn.qtensor import QTensor
from octavo.program import Program
from octavo.program import save as save_program
from octavo.recipe.quantized_model import QuantizedModel


def to_program(module: nn.Module, example_inputs: Sample | None = None, dynamic_shapes: Any = None) -> Program:
    """Make one program of a quantized module: its integers are those of the module, bit for bit.

    Modules of `octavo.nn.quantized` are taken as they are; what moves their integers stays in 8 bits; what is left in
    float is computed in float32 by the program's own operators. Axis 0 of each input is symbolic.

    Args:
        module: what `octavo.quantize`, `convert` or `convert_fx` returned, or any module around such ones.
        example_inputs: a tensor, a tuple of positional or a dict of keyword arguments; a QuantizedModel needs none.
        dynamic_shapes: as in `torch.export.export`.

    Returns: the program; what it gives in 8 bits (a QTensor that no DeQuantStub follows) it gives as integers.

    Raises:
        TypeError: `module` is no module, nothing in it is quantized, or there are no example inputs.
        CaptureError: torch.export cannot follow the module: it runs eagerly, but has no single program.
        UnsupportedOperatorError: an operator outside of the quantized modules has no form in a program.
    """
    if isinstance(module, QuantizedModel):
        return module.program
    if not isinstance(module, nn.Module):
        raise TypeError(f"got a {type(module).__name__}, expected a torch.nn.Module that is quantized")
    if example_inputs is None:
        raise TypeError(
            f"{type(module).__name__}: example_inputs are missing; one program is made by following it on them. "
            "Remedy: octavo.save(module, path, example_inputs), a tensor or a tuple as forward takes it"
        )
    if any(isinstance(leaf, QTensor) for leaf in pytree.tree_leaves(example_inputs)):
        raise CaptureError("example_inputs hold a QTensor; a program takes float32. Remedy: put a QuantStub before it")
    hook = module.register_forward_hook(_integers)
    try:
        captured = capture(module, example_inputs, dynamic_shapes)
    except UnsupportedOperatorError:
        raise
    except CaptureError as error:
        raise CaptureError(
            f"{type(module).__name__} runs eagerly, but has no single program that could be saved. {error}"
        ) from error
    finally:
        hook.remove()
    if not any(node.type == "program" for node in captured.graph.nodes):
        raise TypeError(
            f"{type(module).__name__}: nothing in it is quantized; expected a module that octavo.quantize, convert or "
            "convert_fx returned"
        )
    return assemble(captured, f"octavo {__version__}")


def _integers(module: nn.Module, inputs: Any, returned: Any) -> Any:
    """Return the integers of what a module returns in 8 bits, which torch.export can follow."""
    return pytree.tree_map(lambda leaf: leaf.int_repr() if isinstance(leaf, QTensor) else leaf, returned)


def save(
    module: nn.Module,
    path: str | os.PathLike[str],
    example_inputs: Sample | None = None,
    dynamic_shapes: Any = None,
) -> None:
    """Write a quantized module to a `.octavo` file, whole or not at all.

    Args:
        module: what `octavo.quantize`, `convert` or `convert_fx` returned, or any module around such ones.
        path: the file to write or replace.
        example_inputs: as `to_program` takes them; a QuantizedModel, which needs none, is run on them first, so that a
            file that does not take them is never written.
        dynamic_shapes: as in `torch.export.export`.

    Raises:
        TypeError, CaptureError, UnsupportedOperatorError: see `to_program`.
        ShapeError: the module does not take the example inputs.
        OSError: the file cannot be written; what was there before is untouched.
    """
    if isinstance(module, QuantizedModel) and example_inputs is not None:
        args, kwargs = arguments(example_inputs)
        module(*args, **kwargs)
    save_program(to_program(module, example_inputs, dynamic_shapes), path)
