import pytest

from octavo.program.schema import EIGHT_BIT, OPERATORS, QUANTIZED
from octavo.qconfig import STATIC_OBSERVERS, TARGETS, WEIGHT_OBSERVERS, default_static, weight_factory


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


@pytest.mark.parametrize(("bits", "most"), [(8, 127), (4, 7), (2, 1)])
def test_weights_of_some_bits(bits, most):
    for name, kind in WEIGHT_OBSERVERS.items():
        observer = default_static(weight=weight_factory(name, bits)).resolve("any.layer", "conv").weight()
        assert type(observer) is kind
        assert (observer.dtype, observer.quant_min, observer.quant_max, observer.ch_axis) == ("int8", -most, most, 0)
