"""The schema, the reference and the documentation speak of the same operators."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from octavo.program import float_functions
from octavo.program.reference.run import FUNCTIONS
from octavo.program.schema import OPERATORS, UNARY_FUNCTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "program.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*)$", PAGE, re.MULTILINE))


def test_the_documentation_lists_every_operator():
    assert ROWS.keys() == OPERATORS.keys()


@pytest.mark.parametrize("kind", OPERATORS)
def test_the_documentation_names_every_attribute(kind):
    weighted = PAGE[PAGE.index("### conv") : PAGE.index("### average pooling")]
    text = weighted if kind in ("conv", "conv_transpose", "linear") else ROWS[kind]
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", text))))
    assert OPERATORS[kind].attributes.keys() <= named


def test_the_reference_has_every_operator():
    assert FUNCTIONS.keys() == OPERATORS.keys()


def test_unary_functions_are_the_same_everywhere():
    listed = re.search(r"`unary` functions: `([^`]*)`", PAGE)
    assert listed is not None
    assert tuple(listed[1].split(", ")) == UNARY_FUNCTIONS
    assert set(float_functions.UNARY_FUNCTIONS) == set(UNARY_FUNCTIONS)


def test_the_import_is_light():
    """Neither torch nor safetensors: the first is never needed here, the second once a file is read."""
    code = "import sys, octavo.program; print([m for m in ('torch', 'safetensors') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"[]"
