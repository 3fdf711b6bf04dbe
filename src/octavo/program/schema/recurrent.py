"""The signatures of recurrent layers.

The kind of x says how the product of the input is made: a row of float32 is quantized as it arrives, a quantized row is
multiplied as it is, and without `weight_ih` x is the product itself. The kind of y says the same of the state.
"""

from __future__ import annotations

from octavo.program.schema.forms import FLOAT, INDEX, QUANTIZED, Constant, Form

_BIASES = {"lstm": ("bias",), "gru": ("bias_ih", "bias_hh"), "rnn": ("bias",)}


def recurrent_forms(kind: str) -> tuple[Form, ...]:
    """Return the forms of `lstm`, `gru` or `rnn`: x, perhaps the states at the start, perhaps the lengths."""
    cell = (FLOAT,) if kind == "lstm" else ()
    biases = dict.fromkeys(_BIASES[kind], Constant("float32"))
    own = {role: bias for role, bias in biases.items() if role == "bias_hh"}
    whole, given = {**_weight("ih"), **_weight("hh"), **biases}, {**_weight("hh"), **own}
    projections = ({}, _weight("hr")) if kind == "lstm" else ({},)
    return tuple(
        Form((x,), (y, y, *cell), {**constants, **projection}, ((y, *cell), (INDEX,)), keeps_state=True)
        for x, constants in ((FLOAT, whole), (QUANTIZED, whole), (FLOAT, given))
        for y in (FLOAT, QUANTIZED)
        for projection in projections
    )


def _weight(which: str) -> dict[str, Constant]:
    return {f"weight_{which}": Constant("int8", (2,)), f"weight_{which}_scale": Constant("float32")}
