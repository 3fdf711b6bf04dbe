"""An LSTM cell of linear layers and float functionals; in 8 bits once its parts are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from octavo.nn.conversions import conversions
from octavo.nn.fake_quantized import marked
from octavo.nn.float_functional import FloatFunctional
from octavo.nn.module import to_qtensor
from octavo.nn.output import QuantizedOutput
from octavo.nn.qtensor import QTensor
from octavo.ops.tables import apply_function

_GATES = ("input", "forget", "cell", "output")


class LSTMCell(nn.Module):
    """Compute one step: `i, f, g, o = gates(W x + b + U h)`, `c = f · c + i · g`, `h = o · tanh(c)`.

    Args:
        input_dim, hidden_dim: sizes of the input and of the states.
        bias: whether the linear layers have one.
        device, dtype: of the parameters.
        split_gates: whether each gate has linear layers and ranges of its own.

    Shape: x [n, input_dim], states (h, c) [n, hidden_dim] each; where none are given, zeros.

    Reference: Hochreiter and Schmidhuber, Long Short-Term Memory, 1997.
    """

    def __init__(
        self, input_dim: int, hidden_dim: int, bias: bool = True, device: Any = None, dtype: Any = None, *,
        split_gates: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.bias, self.split_gates = input_dim, hidden_dim, bias, split_gates

        def per_gate(make: Any) -> nn.Module:
            return nn.ModuleDict({gate: make(1) for gate in _GATES}) if split_gates else make(4)

        self.igates = per_gate(lambda n: nn.Linear(input_dim, n * hidden_dim, bias, device, dtype))
        self.hgates = per_gate(lambda n: nn.Linear(hidden_dim, n * hidden_dim, bias, device, dtype))
        self.gates = per_gate(lambda _: FloatFunctional())
        self.input_gate, self.forget_gate, self.output_gate = nn.Sigmoid(), nn.Sigmoid(), nn.Sigmoid()
        self.cell_gate, self.tanh_cell = nn.Tanh(), nn.Tanh()
        self.fgate_cx: Any = FloatFunctional()
        self.igate_cgate: Any = FloatFunctional()
        self.fgate_cx_igate_cgate: Any = FloatFunctional()
        self.ogate_cy: Any = FloatFunctional()

    @classmethod
    def from_params(
        cls, wi: Tensor, wh: Tensor, bi: Tensor | None = None, bh: Tensor | None = None, split_gates: bool = False
    ) -> LSTMCell:
        """Make one of weights [4 · hidden, …] and biases [4 · hidden], gates in PyTorch's order.

        Raises:
            ValueError: only one of the biases is given.
        """
        if (bi is None) != (bh is None):
            raise ValueError("LSTMCell.from_params: got one bias, expected both or none")
        cell = cls(wi.shape[1], wh.shape[1], bi is not None, wi.device, wi.dtype, split_gates=split_gates)
        for layers, weight, bias in ((cell.igates, wi, bi), (cell.hgates, wh, bh)):
            each = _each(layers)
            for index, layer in enumerate(each):
                layer.weight = nn.Parameter(weight.detach().chunk(len(each))[index].clone())
                if bias is not None:
                    layer.bias = nn.Parameter(bias.detach().chunk(len(each))[index].clone())
        return cell

    @classmethod
    def from_float(cls, other: Any, use_precomputed_fake_quant: bool = False, split_gates: bool = False) -> LSTMCell:
        """Make one of a float `nn.LSTMCell`."""
        biases = (other.bias_ih, other.bias_hh) if other.bias else (None, None)
        cell = cls.from_params(other.weight_ih, other.weight_hh, *biases, split_gates=split_gates)
        cell.qconfig = getattr(other, "qconfig", None)  # type: ignore[assignment]
        return cell.train(other.training)

    def forward(self, x: Tensor, hidden: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Compute the states after one step."""
        projected = self.project(x)
        return self.step(projected, self.start(hidden, projected[0]))

    def project(self, x: Tensor) -> list[Tensor]:
        """Multiply the inputs of one step, or of all at once, by their weights."""
        return [layer(x) for layer in _each(self.igates)]

    def step(self, projected: Sequence[Tensor], hidden: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Compute the states after one step.

        Args:
            projected: what `project` makes of the step's input.
            hidden: what `start` or the step before returned.
        """
        h, c = hidden
        parts = zip(_each(self.gates), projected, _each(self.hgates), strict=True)
        sums = [gate.add(u, layer(h)) for gate, u, layer in parts]
        i, f, g, o = sums if self.split_gates else sums[0].chunk(4, -1)
        kept = self.fgate_cx.mul(self.forget_gate(f), c)
        added = self.igate_cgate.mul(self.input_gate(i), self.cell_gate(g))
        c = self.fgate_cx_igate_cgate.add(kept, added)
        return self.ogate_cy.mul(self.output_gate(o), self.tanh_cell(c)), c

    def start(self, hidden: tuple[Tensor, Tensor] | None, projected: Tensor) -> tuple[Tensor, Tensor]:
        """Return the states at the start as the parts take them.

        Float states share the ranges of the states that the cell computes: they are observed with them, and quantized
        as they are (which is counted, but for zeros).

        Args:
            hidden: (h, c), or None for zeros.
            projected: what `project` makes of one step's input.
        """
        places = (self.ogate_cy, self.fgate_cx_igate_cgate)
        if hidden is None:
            like = projected[..., : self.hidden_size]
            h, c = (_zeros(place, like) for place in places)
        else:
            h, c = (_entered(place, state) for place, state in zip(places, hidden, strict=True))
        return h, c

    def _get_name(self) -> str:
        return "QuantizableLSTMCell"


def _each(layers: nn.Module) -> list[Any]:
    return list(layers.values()) if isinstance(layers, nn.ModuleDict) else [layers]


def _zeros(place: Any, like: Tensor) -> Tensor:
    if not isinstance(like, QTensor) or not isinstance(place, QuantizedOutput):
        return torch.zeros_like(like)
    # Computed, as a constant would fix the batch of a program.
    zero = apply_function(torch.mul, (0.0,), like.int_repr(), like.value, place.output_value)
    return QTensor(zero, place.scale, place.zero_point)


def _entered(place: Any, state: Tensor) -> Tensor:
    if not isinstance(place, QuantizedOutput):
        return marked(place.activation_post_process(state), place.activation_post_process)
    if isinstance(state, QTensor):
        return state
    conversions.count(getattr(place, "name", "") or "LSTMCell", "quantize")
    return to_qtensor(state, place.output_value)
