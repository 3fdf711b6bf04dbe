"""Taking outputs apart and putting them together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.program import FormatError, flatten, rebuild
from octavo.program.structure import check_structure

TREES = st.recursive(
    st.integers() | st.none(),
    lambda children: (
        st.lists(children, max_size=3)
        | st.lists(children, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abcd"), children, max_size=3)
    ),
    max_leaves=12,
)


@given(TREES)
def test_rebuild_undoes_flatten(tree):
    structure, leaves = flatten(tree)
    check_structure(structure, len(leaves))
    rebuilt = rebuild(structure, leaves)
    assert rebuilt == tree
    assert repr(rebuilt) == repr(tree)  # the order of keys as well


def test_an_output_may_stand_in_two_places():
    check_structure([0, {"tuple": [1, 0]}], 2)
    assert rebuild([0, {"tuple": [1, 0]}], ["a", "b"]) == ["a", ("b", "a")]


def test_flatten_refuses_keys_that_json_cannot_keep():
    with pytest.raises(TypeError, match="key 3; only string keys"):
        flatten({3: "a"})


def _nested(depth):
    structure = 0
    for _ in range(depth):
        structure = [structure]
    return structure


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        (2, "got 2, expected an index into the 2 outputs"),
        (-1, "got -1"),
        (True, "got True"),
        (0.0, "got 0.0"),
        ("x", "got 'x'"),
        ([0], r"places the outputs \[0\], \[1\] are missing"),
        (None, "are missing"),
        ([0, {"tuple": 1}], r"output_structure\[1\]: got"),
        ({"tuple": [0, 1], "dict": {}}, "got"),
        ({"dict": {"a": 0, "b": {"tuple": [0, 9]}}}, r"output_structure.dict\['b'\].tuple\[1\]: got 9"),
        ({"dict": {"\ud800": 0, "b": 1}}, "expected printable strings"),
        ((0, 1), "got"),
        (_nested(65), "nested more than 64 deep"),
        (_nested(5000), "nested more than 64 deep"),
    ],
)
def test_wrong_structures_are_refused(structure, message):
    with pytest.raises(FormatError, match=message):
        check_structure(structure, 2)
