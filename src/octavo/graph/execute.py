"""Compute a graph in float32, as it will be converted, and show every value to an observer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from octavo.graph import elementwise, lookup, mixing
from octavo.graph.ir import Graph, Node
from octavo.graph.recurrent import RECURRENT, compute_recurrent

Watch = Callable[[str, Tensor], None]


def execute(graph: Graph, inputs: Mapping[str, Tensor], watch: Watch | None = None) -> list[Tensor]:
    """Run a graph on float tensors; each value is freed after its last use.

    Args:
        graph: any graph.
        inputs: input name to float32 tensor, or int64 for indices.
        watch: called with the name and the tensor of each value, the inputs included, as it is made.

    Returns: one tensor for each of the graph's outputs.

    Raises:
        IndexError: an id is not in the table of an embedding.
        ValueError: the offsets of an embedding_bag are no offsets.
    """
    values, sizes = dict(inputs), sizes_of(graph, inputs)
    if watch is not None:
        for name, tensor in inputs.items():
            watch(name, tensor)
    with torch.no_grad():
        for node, freed in zip(graph.nodes, graph.last_uses(), strict=True):
            made = compute(node, [values[name] for name in node.inputs], sizes)
            for name, tensor in zip(node.outputs, made if node.more else (made,), strict=True):
                values[name] = tensor
                if watch is not None:
                    watch(name, tensor)
            for name in freed:
                del values[name]
    return [values[name] for name in graph.outputs]


def sizes_of(graph: Graph, inputs: Mapping[str, Tensor]) -> dict[str, int]:
    """Return the size of each symbol that the inputs' shapes name."""
    measured = ((dim, n) for i in graph.inputs for dim, n in zip(i.shape, inputs[i.name].shape, strict=True))
    return {dim: n for dim, n in measured if isinstance(dim, str)}


def compute(node: Node, inputs: Sequence[Tensor], sizes: Mapping[str, int]) -> Any:
    """Compute one node on float tensors: a tensor, or one for each value of a node that makes several.

    Args:
        node: what to compute.
        inputs: of the node.
        sizes: the size of each symbol.
    """
    if node.type == "reshape":
        return inputs[0].reshape([d if isinstance(d, int) else sizes[d] for d in node.attributes["shape"]])
    y = _OPERATORS[node.type](node, *inputs)
    clamp = node.attributes.get("clamp")
    return y if clamp is None else y.clamp_(*clamp)  # an operator with a fused clamp has made y itself


def _spatial(x: Tensor, padding: Sequence[Sequence[int]]) -> tuple[Tensor, list[int]]:
    """Return x and a padding for both ends of each axis; where the ends differ, x is padded beforehand."""
    if all(before == after for before, after in padding):
        return x, [before for before, _ in padding]
    return F.pad(x, _last_axis_first(padding)), [0] * len(padding)


def _last_axis_first(padding: Sequence[Sequence[int]]) -> list[int]:
    return [width for pair in reversed(padding) for width in pair]


def _conv(node: Node, x: Tensor, residual: Tensor | None = None) -> Tensor:
    a = node.attributes
    function = (F.conv1d, F.conv2d, F.conv3d)[x.dim() - 3]
    x, padding = _spatial(x, a["padding"])
    weight, bias = node.constants["weight"], node.constants.get("bias")
    y = function(x, weight, bias, a["stride"], padding, a["dilation"], a["groups"])
    return y if residual is None else y.add_(residual)


def _conv_transpose(node: Node, x: Tensor) -> Tensor:
    a = node.attributes
    function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[x.dim() - 3]
    weight, bias = node.constants["weight"], node.constants.get("bias")
    padding = [before for before, _ in a["padding"]]
    return function(x, weight, bias, a["stride"], padding, a["output_padding"], a["groups"], a["dilation"])


def _linear(node: Node, x: Tensor, residual: Tensor | None = None) -> Tensor:
    y = F.linear(x, node.constants["weight"], node.constants.get("bias"))
    return y if residual is None else y.add_(residual)


def _affine(node: Node, x: Tensor) -> Tensor:
    return x * node.constants["scale"].to(x.dtype) + node.constants["shift"].to(x.dtype)


def _drawn(node: Node, x: Tensor, residual: Tensor | None = None) -> Tensor:
    """Draw from a Laplace distribution: a normal one whose variance is itself drawn, from an exponential one.

    Half of the normal one's variance is alike at all places of a channel, so that two of them correlate by π/8.
    """
    made = _OPERATORS[node.attributes["of"]](node, x.to("meta"))  # nothing but its shape
    deviation = node.constants["deviation"]
    alike = torch.randn(len(made), *deviation.shape[1:])
    y = torch.randn(made.shape).add_(alike).mul_(torch.empty(made.shape).exponential_(2.0).sqrt_())
    y.mul_(deviation).add_(node.constants["mean"])
    return y if residual is None else y.add_(residual)


def _layer_norm(node: Node, x: Tensor) -> Tensor:
    shape = x.shape[-node.attributes["axes"] :]
    weight, bias = (node.constants[role].reshape(shape) for role in ("weight", "bias"))
    return F.layer_norm(x, shape, weight, bias, node.attributes["eps"])


def _group_norm(node: Node, x: Tensor) -> Tensor:
    a, c = node.attributes, node.constants
    # Not F.group_norm, which takes one element a group for a mistake.
    return torch.group_norm(x, a["groups"], c["weight"], c["bias"], a["eps"])


def _max_pool(node: Node, x: Tensor) -> Tensor:
    a = node.attributes
    function = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[x.dim() - 3]
    padding = [before for before, _ in a["padding"]]
    return function(x, a["kernel"], a["stride"], padding, a["dilation"], a["ceil_mode"])


def _avg_pool(node: Node, x: Tensor) -> Tensor:
    a = node.attributes
    padding = [before for before, _ in a["padding"]]
    if x.dim() == 3:
        return F.avg_pool1d(x, a["kernel"], a["stride"], padding, a["ceil_mode"], a["count_include_pad"])
    function = F.avg_pool2d if x.dim() == 4 else F.avg_pool3d
    return function(x, a["kernel"], a["stride"], padding, a["ceil_mode"], a["count_include_pad"], a["divisor"])


def _adaptive_avg_pool(node: Node, x: Tensor) -> Tensor:
    function = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)[x.dim() - 3]
    return function(x, node.attributes["output_size"])


def _slice(node: Node, x: Tensor) -> Tensor:
    a = node.attributes
    index = [slice(None)] * x.dim()
    index[a["axis"]] = slice(a["start"], a["end"], a["step"])
    return x[tuple(index)]


_OPERATORS: Mapping[str, Callable[..., Any]] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "linear": _linear,
    "add": lambda node, a, b: a + b,
    "mul": lambda node, a, b: a * b,
    "affine": _affine,
    "clamp": lambda node, x: x.clamp(node.attributes["min"], node.attributes["max"]),
    "function": lambda node, x: elementwise.apply(node.attributes, x),
    "embedding": lookup.embedding,
    "embedding_bag": lookup.embedding_bag,
    "prelu": lambda node, x: F.prelu(x, node.constants["slope"]),
    "drawn": _drawn,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "softmax": lambda node, x: torch.softmax(x, node.attributes["axis"]),
    "concat": lambda node, *x: torch.cat(x, node.attributes["axis"]),
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "adaptive_avg_pool": _adaptive_avg_pool,
    "permute": lambda node, x: x.permute(node.attributes["dims"]),
    "slice": _slice,
    "pad": lambda node, x: F.pad(x, _last_axis_first(node.attributes["padding"])),
    **dict.fromkeys(RECURRENT, compute_recurrent),
    "dropout": lambda node, x: x,
    "attention": mixing.attention,
    "matmul": mixing.matmul,
    "log_softmax": lambda node, x: torch.log_softmax(x, node.attributes["axis"]),
    "reduce": mixing.reduce,
    "cumsum": lambda node, x: torch.cumsum(x, node.attributes["axis"]),
    "truncate": lambda node, x: x.clamp(-(2.0**30), 2.0**30).nan_to_num(0.0).long(),
    "binary": mixing.binary,
    "where": lambda node, condition, a, b: torch.where(condition != 0, a, b),
    "cast": mixing.cast,
    "range": mixing.range_of,
    "constant": lambda node: node.constants["value"],
    "channel_shuffle": lambda node, x: torch.channel_shuffle(x, node.attributes["groups"]),
}
