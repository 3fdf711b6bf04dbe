"""nn.quantizable.LSTM and what convert makes of it."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.nn.samples import QCONFIG
from torch import Tensor, nn
from torch.export import Dim, export
from torch.nn.utils.rnn import pack_sequence

import octavo
from octavo import eager
from octavo.eager.errors import NotCalibratedError, NotPreparedError
from octavo.nn import QTensor, conversions, quantizable, quantized
from octavo.nn.errors import QuantizationError
from octavo.nn.stubs import DeQuantStub, QuantStub
from octavo.numerics import sqnr
from octavo.program import ShapeError
from octavo.qconfig import get_default_qat_qconfig

STEPS, BATCH, INPUTS, HIDDEN = 9, 4, 10, 12
KINDS = {
    "plain": {},
    "batch_first": {"batch_first": True},
    "no_bias": {"bias": False},
    "both_ways": {"num_layers": 2, "bidirectional": True},
    "3_layers": {"num_layers": 3},
}


class Model(nn.Module):
    """An LSTM in 8 bits, float on both sides."""

    def __init__(self, lstm: Any) -> None:
        super().__init__()
        self.quant, self.dequant, self.lstm = QuantStub(), DeQuantStub(), lstm

    def forward(self, x: Tensor, hidden: Any = None) -> Any:
        y, (h, c) = self.lstm(self.quant(x), hidden)
        return self.dequant(y), (self.dequant(h), self.dequant(c))


@pytest.fixture(params=list(KINDS))
def lstm(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(4)
    return nn.LSTM(INPUTS, HIDDEN, **KINDS[request.param]).eval()


def sequence(lstm: Any, steps: int = STEPS) -> Tensor:
    return torch.randn((BATCH, steps, INPUTS) if lstm.batch_first else (steps, BATCH, INPUTS))


def states(lstm: Any, *batch: int) -> tuple[Tensor, Tensor]:
    shape = (lstm.num_layers * (2 if lstm.bidirectional else 1), *batch, HIDDEN)
    return torch.randn(shape), torch.randn(shape)


def flat(answer: Any) -> tuple[Tensor, Tensor, Tensor]:
    y, (h, c) = answer
    return y, h, c


def convert(lstm: Any, define_by_run: bool = False) -> tuple[Model, Any]:
    """Return the float model and the one in 8 bits, calibrated with and without states."""
    model = Model(lstm).eval()
    model.qconfig = QCONFIG  # type: ignore[assignment]
    prepared = eager.prepare(model, define_by_run=define_by_run)
    with torch.no_grad():
        for _ in range(4):
            prepared(sequence(lstm))
            prepared(sequence(lstm), states(lstm, BATCH))
    return model, eager.convert(prepared)


@pytest.mark.parametrize("split_gates", [False, True])
@pytest.mark.parametrize("given", [False, True], ids=["zeros", "states"])
def test_in_float_it_is_the_lstm_of_pytorch(lstm: Any, given: bool, split_gates: bool) -> None:
    ours = quantizable.LSTM.from_float(lstm, split_gates=split_gates)
    x, hidden = sequence(lstm), states(lstm, BATCH) if given else None
    alone = torch.randn(STEPS, INPUTS), states(lstm) if given else None
    for arguments in ((x, hidden), alone):
        for a, b in zip(flat(ours(*arguments)), flat(lstm(*arguments)), strict=True):
            # Float sums in another order.
            torch.testing.assert_close(a, b, rtol=0, atol=1e-5)


def test_a_cell_in_float_is_the_cell_of_pytorch() -> None:
    cell = nn.LSTMCell(INPUTS, HIDDEN)
    ours = quantizable.LSTMCell.from_float(cell)
    x, hidden = torch.randn(BATCH, INPUTS), (torch.randn(BATCH, HIDDEN), torch.randn(BATCH, HIDDEN))
    for arguments in ((x,), (x, hidden)):
        for a, b in zip(ours(*arguments), cell(*arguments), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-5)
    assert repr(ours).startswith("QuantizableLSTMCell(")
    with pytest.raises(ValueError, match="got one bias"):
        quantizable.LSTMCell.from_params(cell.weight_ih, cell.weight_hh, cell.bias_ih)


@pytest.mark.parametrize("given", [False, True], ids=["zeros", "states"])
def test_in_8_bits_it_is_close_to_float(lstm: Any, given: bool) -> None:
    model, q = convert(lstm)
    assert type(q.lstm) is quantized.LSTM and repr(q.lstm).startswith("QuantizedLSTM(")
    x, hidden = sequence(lstm), states(lstm, BATCH) if given else None
    with torch.no_grad(), conversions.recording() as counted:
        expected, y = flat(model(x, hidden)), flat(q(x, hidden))
    # Every gate, product and state is rounded to 8 bits at every step.
    assert all(sqnr(a, b) > 20 for a, b in zip(expected, y, strict=True))
    assert all("lstm" in where and kind == "quantize" for where, kind, _ in counted.rows())
    # Two states for each layer and direction; each of them has its own range.
    assert counted.total() == (2 * len(states(lstm)[0]) if given else 0)


def test_all_parts_have_their_names() -> None:
    _, q = convert(nn.LSTM(INPUTS, HIDDEN))
    assert q.lstm.name == "lstm"
    assert q.lstm.layers[0].layer_fw.cell.igates.name == "lstm.layers.0.layer_fw.cell.igates"
    assert not any(hasattr(module, "qconfig") for module in q.modules())


def test_a_sequence_may_be_read_in_pieces() -> None:
    _, q = convert(nn.LSTM(INPUTS, HIDDEN))
    x = q.quant(torch.randn(STEPS, BATCH, INPUTS))
    whole, last = q.lstm(x)
    first, state = q.lstm(x[:4])
    second, end = q.lstm(x[4:], state)
    assert isinstance(whole, QTensor) and isinstance(end[0], QTensor)
    assert torch.equal(whole.int_repr(), torch.cat([first.int_repr(), second.int_repr()]))
    assert all(torch.equal(a.int_repr(), b.int_repr()) for a, b in zip(last, end, strict=True))


def test_copies_and_state_dicts_give_the_same_numbers(lstm: Any) -> None:
    _, q = convert(lstm)
    x = sequence(lstm)
    expected = flat(q(x))
    torch.manual_seed(9)
    _, other = convert(nn.LSTM(**{name: getattr(lstm, name) for name in ("input_size", "hidden_size", "num_layers",
                               "bias", "batch_first", "bidirectional")}))  # fmt: skip
    assert not torch.equal(other(x)[0], expected[0])
    file = io.BytesIO()
    torch.save(q.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    for twin in (other, copy.deepcopy(q)):
        assert all(torch.equal(a, b) for a, b in zip(expected, flat(twin(x)), strict=True))


def test_define_by_run_takes_floats_and_leaves_in_float_what_never_ran() -> None:
    class Branch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.other = nn.LSTM(INPUTS, HIDDEN), nn.LSTM(INPUTS, HIDDEN)

        def forward(self, x: Tensor, other: bool = False) -> Tensor:
            return (self.other if other else self.lstm)(x)[0]

    torch.manual_seed(6)
    model = Branch().eval()
    model.qconfig = QCONFIG  # type: ignore[assignment]
    prepared = eager.prepare(model, define_by_run=True)
    x = torch.randn(STEPS, BATCH, INPUTS)
    prepared(x)
    q = eager.convert(prepared)
    with torch.no_grad():
        assert sqnr(model(x), q(x).dequantize()) > 20
        torch.testing.assert_close(q(x, other=True), model(x, other=True), rtol=0, atol=1e-5)
    assert type(q.lstm) is quantized.LSTM and type(q.other) is quantizable.LSTM


def test_trained_for_8_bits() -> None:
    torch.manual_seed(8)
    model = Model(quantizable.LSTM(INPUTS, HIDDEN, 2)).train()
    model.qconfig = get_default_qat_qconfig("x86")  # type: ignore[assignment]
    prepared = eager.prepare_qat(model)
    optimizer = torch.optim.SGD(prepared.parameters(), 1.0)
    x, target = torch.randn(STEPS, BATCH, INPUTS), torch.randn(STEPS, BATCH, HIDDEN)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(prepared(x)[0], target)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    prepared.eval()
    with torch.no_grad():
        expected = prepared(x)[0]
    q = eager.convert(prepared)
    # What training sees of rounding is what runs, up to one step where a float sum is at the middle of two integers.
    assert sqnr(expected, q(x)[0]) > 25


def test_what_cannot_be_converted_is_named() -> None:
    model = Model(nn.LSTM(INPUTS, HIDDEN)).eval()
    model.qconfig = QCONFIG  # type: ignore[assignment]
    prepared = eager.prepare(model)
    with pytest.raises(NotCalibratedError, match=r"'lstm.layers.0.layer_fw.cell.igates'"):
        eager.convert(prepared)
    bare = Model(quantizable.LSTM(INPUTS, HIDDEN)).eval()
    for module in bare.modules():
        module.qconfig = QCONFIG  # type: ignore[assignment]
    with pytest.raises(NotPreparedError, match=r"'lstm.layers.0.layer_fw.cell.igates'"):
        eager.convert(bare)
    with pytest.raises(QuantizationError, match=r"observed nn.quantizable.LSTM"):
        quantized.LSTM.from_float(nn.LSTM(2, 2))


def test_wrong_inputs_are_named() -> None:
    ours = quantizable.LSTM(INPUTS, HIDDEN)
    with pytest.raises(ValueError, match=r"\(LSTM\): got proj_size=4"):
        quantizable.LSTM.from_float(nn.LSTM(INPUTS, HIDDEN, proj_size=4))
    with pytest.raises(TypeError, match=r"got a PackedSequence.*pad them, or use quantize_dynamic"):
        ours(pack_sequence([torch.randn(3, INPUTS), torch.randn(2, INPUTS)]))
    for shape in ((5, 2, 11), (0, 2, INPUTS), (5,)):
        with pytest.raises(ShapeError, match=r"QuantizableLSTM: the input has shape"):
            ours(torch.randn(shape))
    with pytest.raises(ShapeError, match=r"QuantizableLSTM: state c has shape \[1, 3, 12\], expected \[1, 2, 12\]"):
        ours(torch.randn(5, 2, INPUTS), (torch.randn(1, 2, HIDDEN), torch.randn(1, 3, HIDDEN)))


def test_exported_and_saved_it_gives_the_same_numbers_at_any_batch(tmp_path: Path) -> None:
    _, q = convert(nn.LSTM(INPUTS, HIDDEN, bidirectional=True))
    x = torch.randn(2, BATCH, INPUTS)
    free = ({1: Dim("n", min=1, max=64)}, None)
    exported = export(q, (x, None), dynamic_shapes=free).module()
    octavo.save(q, tmp_path / "model.octavo", (x,), dynamic_shapes=free[:1])
    loaded = octavo.runtime.load(tmp_path / "model.octavo")
    for batch in (1, 7):
        x = torch.randn(2, batch, INPUTS)
        expected = flat(q(x))
        assert all(torch.equal(a, b) for a, b in zip(flat(exported(x, None)), expected, strict=True))
        for a, b in zip(flat(loaded(x.numpy())), expected, strict=True):
            np.testing.assert_array_equal(a, b.numpy())
