"""A node of the graph between capture and program: an operator close to the program's, on float tensors.

It computes on float32 and has one output, where nothing else is said. Its `type` is one of

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
| `drawn` | `of` and the attributes of that type, [`clamp`] | `mean`, `deviation`; in calibration without data |
| `program` | `program`, `sizes`, `names` | a quantized program as it is; see `lowering/program.py` |

`clamp` in `attributes` is `(min, max)`, a fused activation. A padding is `[before, after]` for each axis.
In a graph that is trained a layer with batch norm, or an `affine` that is one, has the attribute `norm` (`eps`,
`momentum`, and `alone` where the layer is nothing else) and the constants `running_mean`, `running_var`,
[`gamma, beta`].
A recurrent layer reads x [t, n, in], the states at its start, or none for zeros, and where it has `lengths` those, an
int64 [n]; it makes y and the states at its end. Its constants are named as PyTorch's: `weight_hh`, [`weight_ih`],
[`bias_ih`, `bias_hh`], [`weight_hr`]. Without `weight_ih` x is the product itself, [t, n, gates · hidden].
A dimension is an integer, or a string: the name of a symbol or an expression of symbols.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from octavo.graph.constants import Computed, Constants, Held, held_in

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
        constants: role to float32 tensor; one that is computed (`Computed`) is so each time that it is read.
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
    constants: Mapping[str, torch.Tensor] = field(default_factory=dict)
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

    def with_constants(self, **changes: Held) -> Node:
        """Return a copy with some constants changed; nothing is computed."""
        return replace(self, constants=Constants({**held_in(self.constants), **changes}))

    def computed(self) -> Node:
        """Return the node with all constants as tensors, for several readings; itself where they are."""
        held = held_in(self.constants).values()
        return replace(self, constants=dict(self.constants)) if any(isinstance(h, Computed) for h in held) else self

    def shape_of(self, role: str) -> torch.Size:
        """Return the shape of a constant, which is not computed for it."""
        return held_in(self.constants)[role].shape
