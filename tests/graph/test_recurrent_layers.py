"""Recurrent layers of every build, static and dynamic, against PyTorch in float32; engine and reference agree."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import Network, in_float, operators, quantize, sqnr_of
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from octavo.graph import capture, prepare
from octavo.program import ShapeError
from octavo.qconfig import (
    QConfigMapping,
    default_static,
    get_default_qat_qconfig_mapping,
    per_channel_dynamic_qconfig,
)
from octavo.runtime import LoadedProgram

SCHEMES = {
    "static": lambda: default_static("min_max"),
    "dynamic": lambda: QConfigMapping().set_global(per_channel_dynamic_qconfig),
}
KINDS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")


def walk(net: Any, x: Tensor, *lengths: Tensor) -> tuple[Tensor, ...]:
    """Return y and the states at the end."""
    if not lengths:
        y, last = net.layer(x)
    else:
        first = net.layer.batch_first
        packed, last = net.layer(pack_padded_sequence(x, lengths[0], first, enforce_sorted=False))
        y = pad_packed_sequence(packed, first, total_length=x.shape[int(first)])[0]
    return (y, *(last if isinstance(last, tuple) else (last,)))


@st.composite
def layers(draw: st.DrawFn) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """Draw a recurrent module and its inputs: sizes, layers, directions, biases, projection, lengths."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    features, hidden = draw(st.integers(1, 40)), draw(st.integers(2, 40))
    build: dict[str, Any] = {
        "num_layers": draw(st.integers(1, 2)),
        "bidirectional": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bias": draw(st.booleans()),
    }
    if kind == "lstm" and draw(st.booleans()):
        build["proj_size"] = draw(st.integers(1, hidden - 1))
    if kind == "rnn":
        build["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    batch, time = draw(st.integers(1, 4)), draw(st.integers(1, 12))
    torch.manual_seed(draw(st.integers(0, 9)))
    x = torch.randn(*((batch, time) if build["batch_first"] else (time, batch)), features)
    lengths = draw(st.none() | st.lists(st.integers(1, time), min_size=batch, max_size=batch))
    return KINDS[kind](features, hidden, **build), (x,) if lengths is None else (x, torch.tensor(lengths))


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(max_examples=6, deadline=None)
@given(drawn=layers())
def test_every_build(scheme: str, drawn: tuple[nn.Module, tuple[Tensor, ...]]) -> None:
    layer, inputs = drawn
    model = Network(walk, layer=layer)
    conversion = quantize(model, *inputs, mapping=SCHEMES[scheme]())
    # 8 bits give 40 dB and more where many terms are summed; two layers of two units on one number leave the fewest.
    assert sqnr_of(conversion, model, *inputs) > 20
    kinds = {operator.type: operator for operator in conversion.program.operators}
    made = next(kinds[kind] for kind in KINDS if kind in kinds)
    assert conversion.program.values[made.outputs[0]].dtype == ("uint8" if scheme == "static" else "float32")


def test_static_layers_hand_over_8_bits():
    model = Network(
        lambda net, x: net.head(net.layer(x)[0]), layer=nn.LSTM(6, 8, 2, bidirectional=True), head=nn.Linear(16, 3)
    )
    x = torch.randn(5, 3, 6)
    conversion = quantize(model, x, mapping=default_static())
    assert in_float(conversion) == {}
    assert [kind for kind, _ in operators(conversion)] == ["quantize", *["lstm", "lstm", "concat"] * 2, "linear"]
    values = conversion.program.values
    for operator in conversion.program.operators:
        if operator.type == "lstm":
            y, h, c = (values[name] for name in operator.outputs)
            assert y == h and y.dtype == "uint8" and c.dtype == "float32"
    assert sqnr_of(conversion, model, x) > 28


def test_static_states_in_and_out_share_the_output_s_qparams():
    def forward(net, x, h, c):
        y, (h, c) = net.layer(x, (h, c))
        return y, h, c

    model = Network(forward, layer=nn.LSTM(6, 4, 2))
    inputs = torch.randn(5, 3, 6), torch.randn(2, 3, 4) / 4, torch.randn(2, 3, 4) / 4
    conversion = quantize(model, *inputs, mapping=default_static())
    lstm = next(o for o in conversion.program.operators if o.type == "lstm")
    _, h_0, c_0 = (conversion.program.values[name] for name in lstm.inputs)
    assert h_0 == conversion.program.values[lstm.outputs[0]] and c_0.dtype == "float32"
    assert sqnr_of(conversion, model, *inputs) > 28


def test_the_last_state_of_a_stack_is_read_in_8_bits():
    model = Network(lambda net, x: net.head(net.layer(x)[1][-1]), layer=nn.GRU(6, 8, 3), head=nn.Linear(8, 3))
    conversion = quantize(model, torch.randn(5, 3, 6), mapping=default_static())
    assert [kind for kind, _ in operators(conversion)] == ["quantize", "gru", "gru", "gru", "linear"]
    scales = {conversion.program.values[o.outputs[0]].scale for o in conversion.program.operators if o.type == "gru"}
    assert len(scales) == 3


def test_a_static_walk_of_cells_and_a_decoder():
    def forward(net, x):
        h = net.encoder(x)[1][0]
        for _ in range(2):
            h = net.cell(x[0], h)
        return h

    model = Network(forward, encoder=nn.GRU(6, 4), cell=nn.GRUCell(6, 4))
    x = torch.randn(5, 3, 6)
    conversion = quantize(model, x, mapping=default_static())
    assert sqnr_of(conversion, model, x) > 25


@pytest.mark.parametrize("settings", [{"layerwise": True}, {"training": True}], ids=str)
def test_layers_that_are_rounded_one_by_one_or_trained_stay_dynamic(settings):
    model = Network(lambda net, x: net.layer(x)[0], layer=nn.GRU(6, 4))
    mapping = get_default_qat_qconfig_mapping() if "training" in settings else default_static()
    prepared = prepare(capture(model, torch.randn(5, 3, 6), training="training" in settings), mapping, **settings)
    assert prepared.decisions["layer"].dynamic and not prepared.decisions["layer"].int8


def test_wrong_inputs():
    model = Network(lambda net, x, h: net.layer(x, h)[0], layer=nn.GRU(6, 4, batch_first=True))
    program = quantize(model, torch.randn(3, 5, 6), torch.randn(1, 3, 4), mapping=default_static()).program
    loaded = LoadedProgram(program)
    x, h = torch.randn(3, 5, 6).numpy(), torch.randn(1, 3, 4).numpy()
    wrong = [
        (torch.randn(3, 6, 6).numpy(), h, r"input 'inputs_0' axis 1 of \[3, 5, 6\]: got 6, expected 5"),
        (x[:, :0], h, "input 'inputs_0' axis 1 .* got 0, expected 5"),
        (x, h[..., :3], r"input 'inputs_1' axis 2 of \[1, 3, 4\]: got 3, expected 4"),
        (x, h[:, :2], "input 'inputs_1' axis 1 .* got 2, expected 3"),
    ]
    for sequence, state, message in wrong:
        with pytest.raises(ShapeError, match=message):
            loaded(sequence, state)
