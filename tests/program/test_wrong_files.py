"""Files that are truncated, altered or made up: each is refused with FormatError, and nothing else is ever raised."""

import copy
import json
import math

import numpy as np
import pytest
import raw_files
from sample_programs import rows_program, sample_program

from octavo import runtime
from octavo.program import FormatError, load, save

PROGRAM = sample_program()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.octavo"
    save(PROGRAM, path)
    return path


@pytest.fixture(scope="module")
def parts(saved):
    return raw_files.read(saved)


def test_every_truncation_is_refused(saved, tmp_path):
    data, path = saved.read_bytes(), tmp_path / "short.octavo"
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(FormatError, match=r"short.octavo: "):
            load(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(FormatError):
        load(path)


@pytest.mark.parametrize("flip", [0x01, 0x08, 0x80])
def test_every_altered_byte_is_noticed(saved, tmp_path, flip):
    data, path = bytearray(saved.read_bytes()), tmp_path / "altered.octavo"
    for position in range(flip % 3, len(data), 3):
        data[position] ^= flip
        path.write_bytes(data)
        with pytest.raises(FormatError, match=r"altered.octavo: "):
            load(path)
        data[position] ^= flip


def _paths(node, path=()):
    """Yield the path of every field and item in a JSON document."""
    for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*path, key)
        yield from _paths(child, (*path, key))


def _parent(document, path):
    for key in path[:-1]:
        document = document[key]
    return document


# What may be another: names that nothing refers to, numbers within their range, and the places where one of the
# replacements happens to make another program that is right (a batch of 2, a convolution without its residual, more or
# less to join).
FREE_FIELDS = {"producer", "name", "scale", "zero_point", "min", "max", "example", "clamp_min", "axis"}
FREE_PLACES = {
    ("inputs", 0, "shape", 0),
    ("inputs", 1, "shape", 0),
    ("operators", 1, "inputs", 1),
    ("operators", 4, "attributes", "shape", 0),
    ("operators", 9, "inputs"),
    ("operators", 9, "inputs", 0),
    ("operators", 9, "inputs", 1),
}
# Ids and bags of other shapes, and parameters within their range.
FREE_PLACES_OF_ROWS = {
    ("inputs", 0, "shape"),
    ("inputs", 2, "shape", 0),
    ("operators", 4, "attributes", "groups"),
    *(("operators", index, "attributes", name) for index, name in [
        (1, "eps"), (3, "alpha"), (3, "input_scale"), (4, "eps"), (6, "beta"), (6, "threshold"),
    ]),
}  # fmt: skip
REPLACEMENTS = [
    None,
    True,
    -1,
    0,
    1,
    2,
    2**31,
    2**63,
    10**30,
    1.5,
    1e-45,
    "",
    "?",
    "batch",
    "x" * 600,
    [],
    {},
    [[]],
    [1] * 9,
]


@pytest.mark.parametrize(
    ("sample", "free"), [(PROGRAM, FREE_PLACES), (rows_program(), FREE_PLACES_OF_ROWS)], ids=["layers", "rows"]
)
def test_no_field_can_be_wrong_in_a_way_that_is_not_refused(sample, free, tmp_path):
    """Each field removed, replaced and joined by another, one at a time, under a checksum that fits."""
    save(sample, tmp_path / "right.octavo")
    document, tensors = raw_files.read(tmp_path / "right.octavo")
    path, refused, accepted = tmp_path / "mutated.octavo", 0, []
    for where in _paths(document):
        for replacement in ["remove", "extend", *REPLACEMENTS]:
            mutated = copy.deepcopy(document)
            parent = _parent(mutated, where)
            if replacement == "remove":
                del parent[where[-1]]
            elif replacement != "extend":
                parent[where[-1]] = replacement
            elif isinstance(parent[where[-1]], dict):
                parent[where[-1]]["more"] = 1
            elif isinstance(parent[where[-1]], list):
                parent[where[-1]].append(parent[where[-1]][0] if parent[where[-1]] else 1)
            if mutated == document:
                continue
            raw_files.write(path, mutated, tensors)
            try:
                program = load(path)
            except FormatError as error:
                assert str(error).startswith(f"{path}: ")
                refused += 1
            else:
                assert program != sample, (where, replacement)
                accepted.append(where)
    assert refused > 10 * len(accepted)
    for where in accepted:
        assert where[-1] in FREE_FIELDS or where[0] == "output_structure" or where in free, where


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"format": None}, "format: got None, expected 'octavo'; this is no octavo program"),
        ({"format": "pt"}, "format: got 'pt', expected 'octavo'"),
        ({"format_version": None}, "format_version: got '', expected a number from 1"),
        ({"format_version": "2"}, "the file is of version 2, this octavo reads up to 1: upgrade octavo"),
        ({"format_version": "0"}, "format_version: got '0'"),
        ({"format_version": "-1"}, "format_version: got '-1'"),
        ({"format_version": "1.0"}, "format_version: got '1.0'"),
        ({"format_version": "²"}, "format_version"),
        ({"format_version": "9" * 5000}, "format_version"),
        ({"program": None}, "metadata: got the keys"),
        ({"checksum": None}, "metadata: got the keys"),
        ({"more": "x"}, "metadata: got the keys"),
        ({"checksum": "0" * 64}, "checksum: the file says '0+', its contents have .*; the file was altered"),
    ],
)
def test_wrong_metadata(parts, tmp_path, metadata, message):
    raw_files.write(tmp_path / "a", *parts, **metadata)
    with pytest.raises(FormatError, match=message):
        load(tmp_path / "a")


def _text(parts):
    return json.dumps(parts[0])


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: "", "program: is not JSON"),
        (lambda text: text[:-1], "program: is not JSON"),
        (lambda text: text + "x", "program: is not JSON"),
        (lambda text: "[" * 100_000, "nested too deep"),
        (lambda text: text.replace('"attributes": {}', '"attributes": {"a": ' + "[" * 900 + "]" * 900 + "}", 1),
         "nested too deep|attribute 'a' is unknown"),
        (lambda text: text.replace('"zero_point": 117', '"zero_point": 117, "zero_point": 117'), "a key stands twice"),
        (lambda text: text.replace("-0.1", "NaN"), "NaN is not a number"),
        (lambda text: text.replace("-0.1", "-Infinity"), "-Infinity is not a number"),
        (lambda text: text.replace("-0.1", "1e999"), "attribute 'min' is inf"),
        (lambda text: text.replace("0.05", "1e999"), "scale: got inf"),
        (lambda text: text.replace("0.05", "1e39"), "scale: got 1e"),
        (lambda text: text.replace("0.05", "1e-60"), "scale is 0.0, expected a finite float32 above 0"),
        (lambda text: text.replace('"zero_point": 117', '"zero_point": ' + "9" * 5000), "program: is not JSON"),
        (lambda text: text.replace('"tests"', '"\\ud800"'), "producer"),
        (lambda text: text.replace('"tests"', '"\\u0000"'), "producer"),
        (lambda text: "7", "program: got 7, expected an object with the fields producer"),
    ],
)  # fmt: skip
def test_wrong_json(parts, tmp_path, edit, message):
    text = edit(_text(parts))
    assert text != _text(parts)
    raw_files.write(tmp_path / "a", text, parts[1])
    with pytest.raises(FormatError, match=message):
        load(tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("table", None, "constant table names the tensor 'table', which does not exist"),
        ("more", np.zeros(3, np.int8), "constant 'more': is used by no operator"),
        ("table", np.zeros(256, np.float16), "tensor 'table': dtype is F16, expected one of F32, U8"),
        ("table", np.zeros(0, np.uint8), "which holds nothing"),
        ("table", np.zeros((), np.uint8), "is uint8 with 0 axes"),
        ("conv.weight_scale", np.full(4, math.nan, np.float32), "constant weight_scale is nan"),
    ],
)
def test_wrong_tensors(parts, tmp_path, name, array, message):
    tensors = {**parts[1], name: array}
    raw_files.write(tmp_path / "a", parts[0], {key: value for key, value in tensors.items() if value is not None})
    with pytest.raises(FormatError, match=message):
        load(tmp_path / "a")


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b"[]",
        b"null",
        b'{"__metadata__": {}}',
        b'{"__metadata__": {"format": 1}}',
        b'{"a": {"dtype": "U8", "shape": [9223372036854775807, 4], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "U8", "shape": [18446744073709551616], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "U8", "shape": [-4], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "U8", "shape": [4], "data_offsets": [4, 0]}}',
        b'{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}',
        b'{"a": {"dtype": "U9", "shape": [4], "data_offsets": [0, 4]}}',
        b"\xff\xfe",
        b"[" * 10_000,
    ],
)
def test_made_up_headers(tmp_path, header):
    for length in (len(header), 0, 2**40, 2**64 - 1):
        (tmp_path / "a").write_bytes(length.to_bytes(8, "little") + header + b"\0" * 4)
        with pytest.raises(FormatError, match=r"a: "):
            load(tmp_path / "a")


def test_the_runtime_names_the_file_that_breaks_a_rule(parts, tmp_path):
    """It verifies a program once, where it is handed to the engine."""
    document, tensors = parts
    raw_files.write(tmp_path / "wrong.octavo", {**document, "outputs": ["nothing"]}, tensors)
    with pytest.raises(FormatError, match=r"wrong\.octavo: outputs: 'nothing' is produced by no operator"):
        runtime.load(tmp_path / "wrong.octavo")
