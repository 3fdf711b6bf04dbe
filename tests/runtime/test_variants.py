"""The ways to build an operator: listed by plans, chosen by name, equal to the reference in every bit."""

from __future__ import annotations

from collections.abc import Iterator

import builders
import numpy as np
import pytest
from builders import Case, quantized

from octavo import _core
from octavo.program import Program, reference
from octavo.runtime import LoadedProgram

CASES = {
    "conv-3x3": lambda: builders.conv(x=(2, 40, 9, 10), oc=97, padding=1),
    "conv-1x1-residual": lambda: builders.conv(x=(1, 33, 7, 30), oc=65, kernel=(1, 1), residual="int8"),
    "conv-1x1-of-many-pixels": lambda: builders.conv(x=(1, 12, 14, 25), oc=150, kernel=(1, 1), residual="uint8"),
    "linear-larger-than-caches": lambda: builders.linear(x=(61, 520), out=1100),
}


def variants(program: Program, inputs: list[np.ndarray], isa: str, threads: int) -> list[str]:
    """Return the variants of a program's one operator."""
    ((name, found),) = LoadedProgram(program, isa=isa)._plan(inputs).native.variants(threads)
    assert name == "layer" and len(set(found)) == len(found) and "" not in found
    return found


def engines(case: Case) -> Iterator[tuple[str, LoadedProgram]]:
    """Yield the program built in each way."""
    program, inputs = case
    for isa in _core.supported_isas():
        for threads in (1, 2, 3):
            for variant in [*variants(program, inputs, isa, threads), "no such variant"]:
                yield f"{isa} {threads} {variant}", LoadedProgram(program, threads, isa, variants={"layer": variant})


@pytest.mark.parametrize("name", CASES)
def test_no_variant_changes_a_bit(name):
    program, inputs = CASES[name]()
    (expected,) = reference.run(program, inputs)
    for label, engine in engines((program, inputs)):
        np.testing.assert_array_equal(engine(*inputs), expected, err_msg=label, strict=True)


def test_layers_of_several_panels_have_variants_and_more_of_them_on_several_threads():
    program, inputs = CASES["conv-3x3"]()
    isa = _core.supported_isas()[-1]
    alone, together = (variants(program, inputs, isa, threads) for threads in (1, 2))
    assert {"pixels_once", "weights_once"} <= set(alone) < set(together)


def test_other_operators_have_none():
    program, inputs = builders.one_operator("dequantize", [np.zeros(5, np.uint8)], [quantized()], builders.FLOAT)
    assert variants(program, inputs, "reference", 2) == []
