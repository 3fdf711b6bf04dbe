"""The graph between capture and program: operators close to the program's, on float tensors, before any qparams.

A node computes on float32 and has one output, where nothing else is said. Its `type` is one of

| type | attributes | constants |
|---|---|---|
| `conv` | `stride, padding, dilation, groups`, [`clamp`] | `weight`, [`bias`]; a second input is the residual |
| `conv_transpose` | `stride, padding, output_padding, dilation, groups`, [`clamp`] | `weight`, [`bias`] |
| `linear` | [`clamp`] | `weight`, [`bias`]; a second input is the residual |
| `add`, `mul` | [`clamp`] | |
| `affine` | | `scale`, `shift`: `y = x · scale + shift`, broadcastable to x |
| `clamp` | `min`, `max` (number or None) | |
| `function` | `function`, and its parameters | |
| `prelu` | | `slope` [c] |
| `layer_norm` | `axes` (how many of the last), `eps` | `weight`, `bias`, flat |
| `group_norm` | `groups`, `eps` | `weight`, `bias` [c] |
| `softmax`, `log_softmax`, `concat` | `axis` | |
| `matmul` | `transpose_b` | |
| `attention` | `heads, kv_heads, scale, causal` | reads q, k, v, [mask], as the program's `dynamic_attention` |
| `reduce` | `function` (sum, mean, max, min), `axis`, `keepdim` | |
| `binary` | `function` (sub, div, maximum, minimum) | broadcasts, as `add` does |
| `where` | | broadcasts; reads a condition that is 0 or not, and both choices |
| `cumsum` | `axis` | of float32 or int64 |
| `truncate` | | float32 as int64 |
| `cast` | `function` (value, not_zero) | reads int64 |
| `range` | `axis`, `start`, `step` | int64 `start + i · step` for the indices of an axis of its input |
| `constant` | | `value`; reads nothing |
| `max_pool` | `kernel, stride, padding, dilation, ceil_mode` | |
| `avg_pool` | `kernel, stride, padding, ceil_mode, count_include_pad, divisor`, [`clamp`] | |
| `adaptive_avg_pool` | `output_size`, [`clamp`] | |
| `reshape` | `shape` | |
| `permute` | `dims` | |
| `slice` | `axis, start, end, step` | |
| `pad` | `padding` | |
| `channel_shuffle` | `groups` | |
| `embedding` | | `weight` [rows, dim]; reads int64 |
| `embedding_bag` | `mode` | `weight` [rows, dim]; reads int64 ids, [int64 offsets], [weights] |
| `dropout` | `probability`, `kind` | in graphs that are trained alone |
| `lstm`, `gru`, `rnn` | `reverse`, [`nonlinearity`], [`lengths`] | `weight_hh`, and see below |
| `program` | `program`, `sizes`, `names` | a quantized program as it is; see `lowering/program.py` |

`clamp` in `attributes` is `(min, max)`, a fused activation. A padding is `[before, after]` for each axis.
In a graph that is trained a layer with batch norm, or an `affine` that is one, has the attribute `norm` (`eps`,
`momentum`, and `alone` where the layer is nothing else) and the constants `running_mean`, `running_var`,
[`gamma, beta`].
A recurrent layer reads x [t, n, in], the states at its start, or none for zeros, and where it has `lengths` those, an
int64 [n]; it makes y and the states at its end. Its constants are named as PyTorch's: `weight_hh`, [`weight_ih`],
[`bias_ih`, `bias_hh`], [`weight_hr`]. Without `weight_ih` x is the product itself, [t, n, gates · hidden].
A dimension is an integer, or a string: the name of a symbol or an expression of symbols.
Values that are in 8 bits from the start (`Graph.fixed`) are made by `program` nodes and by nodes that move values.
Indices (int64) are inputs of the model, ranges, and what nodes that move values make of them. A boolean is a float32
that is 0 or 1; as an input of the model it comes as int64.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from octavo.program import Value
from octavo.program.types import QUANT_RANGE

Dim = int | str
Shape = tuple[Dim, ...]


@dataclass(frozen=True, eq=False)
class Node:
    """One operator: `output = type(inputs; attributes, constants)`.

    Args:
        type: the operator, see the table above.
        name: unique; the layer as the user knows it, `features.3.conv.0`.
        inputs: names of the values it reads.
        output: name of the value it makes.
        shape: of the output.
        attributes: plain data.
        constants: role to float32 tensor.
        fused: names of the layers that were folded into this one.
        module: class of the module it came from, `Conv2d`; '' for a plain function call.
        path: the module it was called in, `features.3`; '' for the model itself.
        more: names and shapes of the values that it makes besides `output`.
    """

    type: str
    name: str
    inputs: tuple[str, ...]
    output: str
    shape: Shape
    attributes: dict[str, Any] = field(default_factory=dict)
    constants: dict[str, torch.Tensor] = field(default_factory=dict)
    fused: tuple[str, ...] = ()
    module: str = ""
    path: str = ""
    more: tuple[tuple[str, Shape], ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of all values that it makes."""
        return (self.output, *(name for name, _ in self.more))

    def with_attributes(self, **changes: Any) -> Node:
        """Return a copy with some attributes changed."""
        return replace(self, attributes={**self.attributes, **changes})


@dataclass(frozen=True)
class GraphInput:
    """A tensor that the model takes: float32, or indices (int64)."""

    name: str
    shape: Shape
    dtype: str = "float32"


@dataclass(frozen=True)
class SymbolRange:
    """The integers that a symbolic dimension can take; `max` None is no limit."""

    min: int
    max: int | None
    example: int


@dataclass(frozen=True)
class Graph:
    """A float network: nodes in execution order.

    Args:
        symbols: range of each symbolic dimension.
        inputs: in the order of the model's arguments.
        nodes: each value is made once, before it is read.
        outputs: values, in the order in which `structure` counts them.
        structure: how the model's return value is built from the outputs, as a program's `output_structure`.
        fixed: the values that are no float32 from the start, with their dtype and qparams: in 8 bits, or indices.
    """

    symbols: dict[str, SymbolRange]
    inputs: tuple[GraphInput, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    structure: Any
    fixed: dict[str, Value] = field(default_factory=dict)

    def in_8_bits(self, value: str) -> bool:
        """Tell whether a value is in 8 bits from the start."""
        return value in self.fixed and self.fixed[value].dtype in QUANT_RANGE

    def with_nodes(self, nodes: Iterable[Node]) -> Graph:
        """Return a copy with other nodes."""
        return replace(self, nodes=tuple(nodes))

    def uses(self) -> Counter[str]:
        """Count how often each value is read, by nodes and as an output."""
        count = Counter(self.outputs)
        for node in self.nodes:
            count.update(node.inputs)
        return count

    def producers(self) -> dict[str, Node]:
        """Map each value made by a node to that node."""
        return {value: node for node in self.nodes for value in node.outputs}

    def consumers(self) -> dict[str, list[Node]]:
        """Map each value to the nodes that read it, in order."""
        readers: dict[str, list[Node]] = {value: [] for value in self.shapes()}
        for node in self.nodes:
            for value in dict.fromkeys(node.inputs):
                readers[value].append(node)
        return readers

    def shapes(self) -> dict[str, Shape]:
        """Map each value to its shape."""
        shapes = {i.name: i.shape for i in self.inputs}
        for node in self.nodes:
            shapes |= {node.output: node.shape, **dict(node.more)}
        return shapes

    def last_uses(self) -> list[tuple[str, ...]]:
        """List, for each node, the values that nothing reads after it (never the model's outputs)."""
        last: dict[str, int] = {}
        for index, node in enumerate(self.nodes):
            last.update(dict.fromkeys((*node.outputs, *node.inputs), index))
        freed: list[list[str]] = [[] for _ in self.nodes]
        for value, index in last.items():
            if value not in self.outputs:
                freed[index].append(value)
        return [tuple(values) for values in freed]
