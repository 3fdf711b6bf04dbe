import pytest

from octavo.observers import HistogramObserver, MinMaxObserver
from octavo.program.schema import EIGHT_BIT, OPERATORS, QUANTIZED
from octavo.qconfig import TARGETS, default_static, min_max_static


@pytest.mark.parametrize(("preset", "kind"), [(default_static, HistogramObserver), (min_max_static, MinMaxObserver)])
def test_presets(preset, kind):
    qconfig = preset().resolve("any.layer", "conv")
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
