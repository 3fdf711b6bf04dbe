import pytest

from octavo.program.schema import EIGHT_BIT, OPERATORS, QUANTIZED
from octavo.qconfig import STATIC_OBSERVERS, TARGETS, default_static


@pytest.mark.parametrize(("name", "kind"), STATIC_OBSERVERS.items())
def test_presets(name, kind):
    qconfig = default_static(name).resolve("any.layer", "conv")
    activation, weight = qconfig.activation(), qconfig.weight()
    assert type(activation) is kind
    assert (activation.dtype, activation.qscheme, activation.quant_min, activation.quant_max) == (
        "uint8", "per_tensor_affine", 0, 255,
    )  # fmt: skip
    assert (weight.dtype, weight.qscheme, weight.quant_min, weight.quant_max, weight.ch_axis) == (
        "int8", "per_channel_symmetric", -127, 127, 0,
    )  # fmt: skip


def test_presets_are_separate():
    changed = default_static().set_global(None)
    assert changed.resolve("x", "conv") is None
    assert default_static().resolve("x", "conv") is not None


def test_cpu_runs_what_programs_have_in_8_bits():
    cpu = TARGETS["cpu"]
    has_8_bits = {
        name
        for name, operator in OPERATORS.items()
        if any({*form.inputs, *form.outputs} & {QUANTIZED, EIGHT_BIT} for form in operator.forms)
    }
    assert cpu.operators == has_8_bits
