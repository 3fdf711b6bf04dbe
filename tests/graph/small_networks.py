"""Small networks, and how the tests of this folder look at what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from octavo.graph import Conversion, UnsupportedOperatorError, capture, quantize_static
from octavo.graph.execute import execute
from octavo.graph.ir import Graph, Node
from octavo.graph.passes import run_passes
from octavo.numerics import sqnr
from octavo.program import reference
from octavo.program.structure import rebuild
from octavo.qconfig import QConfigMapping
from octavo.runtime import LoadedProgram

torch.manual_seed(0)  # what test modules draw while they are imported is the same in every run


class Network(nn.Module):
    """Compute `function(self, *inputs)`; the keyword arguments are submodules."""

    def __init__(self, function: Callable[..., Any], **modules: nn.Module) -> None:
        super().__init__()
        self.function = function
        for name, module in modules.items():
            self.add_module(name, module)
        self.eval()

    def forward(self, *inputs: Tensor) -> Any:
        """Compute the function."""
        return self.function(self, *inputs)


def conv(inputs: int, outputs: int, kernel: int = 3, **settings: Any) -> nn.Conv2d:
    """Make a convolution that keeps height and width."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, **settings)


def batch_norm(channels: int, axes: int = 2) -> nn.Module:
    """Make a batch norm that does something: no parameter and no statistic is 0 or 1."""
    norm = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[axes - 1](channels)
    assert norm.running_mean is not None and norm.running_var is not None
    with torch.no_grad():
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.normal_()
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2.0)
    return norm.eval()


def image(batch: int = 2, channels: int = 3, height: int = 12, width: int = 12) -> Tensor:
    """Draw standard normal numbers [batch, channels, height, width]."""
    return torch.randn(batch, channels, height, width)


def graph_of(model: nn.Module, *inputs: Tensor) -> Graph:
    """Capture a model without any pass but the removal of dead nodes."""
    return capture(model.eval(), inputs).graph


def types(graph: Graph) -> list[str]:
    """List the types of the nodes in order."""
    return [node.type for node in graph.nodes]


def the(graph: Graph, kind: str) -> Node:
    """Return the only node of a type."""
    (node,) = (node for node in graph.nodes if node.type == kind)
    return node


def assert_computes_the_same(before: Graph, after: Graph, *inputs: Tensor) -> None:
    """Compare two graphs over the same inputs; what differs is the order of float32 roundings."""
    assert len(before.outputs) == len(after.outputs) and before.structure == after.structure
    named = {i.name: tensor for i, tensor in zip(before.inputs, inputs, strict=True)}
    for expected, actual in zip(execute(before, named), execute(after, named), strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


def quantize(
    model: nn.Module, *example: Tensor, data: Sequence[Any] | None = None, mapping: QConfigMapping | None = None
) -> Conversion:
    """Convert a model, calibrated on `data` or on the example itself."""
    return quantize_static(model.eval(), example, [example] if data is None else data, mapping)


def run(conversion: Conversion, *inputs: Tensor) -> Any:
    """Run a program in the reference and in the engine, to the same bits; return what the model would return."""
    arrays = [tensor.numpy() for tensor in inputs]
    expected = reference.run(conversion.program, arrays)
    actual = LoadedProgram(conversion.program, threads=1)(*arrays)
    returned = rebuild(conversion.program.output_structure, expected)
    pairs = zip(pytree.tree_leaves(returned), pytree.tree_leaves(actual), strict=True)
    assert all(np.array_equal(want, got) for want, got in pairs), "the engine differs from the reference"
    return returned


def sqnr_of(conversion: Conversion, model: nn.Module, *inputs: Tensor) -> float:
    """Return the least SQNR in dB over the outputs of a program against the float model."""
    with torch.no_grad():
        expected = pytree.tree_leaves(model(*inputs))
    actual = pytree.tree_leaves(run(conversion, *inputs))
    assert [tuple(t.shape) for t in expected] == [a.shape for a in actual]
    return min(sqnr(want, torch.from_numpy(got)) for want, got in zip(expected, actual, strict=True))


def in_float(conversion: Conversion) -> dict[str, str]:
    """Map each layer that runs in float to the reason."""
    return {layer.name: layer.reason for layer in conversion.layers if not layer.int8}


def operators(conversion: Conversion) -> list[tuple[str, str]]:
    """List type and name of the program's operators in order."""
    return [(operator.type, operator.name) for operator in conversion.program.operators]


def assert_captures(model: nn.Module, *inputs: Tensor) -> Graph:
    """Compare a captured graph, before and after all passes, with the model itself; return it as captured."""
    graph = graph_of(model, *inputs)
    named = {i.name: tensor for i, tensor in zip(graph.inputs, inputs, strict=True)}
    with torch.no_grad():
        expected = dict.fromkeys(pytree.tree_leaves(model(*inputs)))
    for rewritten in (graph, run_passes(graph)):
        for want, got in zip(expected, execute(rewritten, named), strict=True):
            torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)
    return graph


def reasons(model: nn.Module, *inputs: Tensor) -> str:
    """Capture a model that has operators without a form in a program; return the error's text."""
    with pytest.raises(UnsupportedOperatorError) as caught:
        graph_of(model, *inputs)
    return str(caught.value)
