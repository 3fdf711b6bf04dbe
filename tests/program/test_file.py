"""Writing and reading files."""

import errno
import json
import os
import stat
from dataclasses import replace

import numpy as np
import pytest
import raw_files
from builders import FLOAT, one_operator, weights
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from operator_cases import operator_cases
from safetensors import safe_open
from sample_programs import sample_program

from octavo.program import Input, Program, Symbol, Value, VerifyError, load, save
from octavo.program.schema import OPERATORS

PROGRAM = sample_program()
SCALES = st.floats(2.0**-30, 2.0**30, width=32)
NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)


@st.composite
def programs(draw):
    """A program of quantized inputs only, with whatever names, scales, symbols and structure the format can hold."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    symbols, inputs, values = {}, [], {}
    for name in names:
        low = draw(st.integers(1, 9))
        example = draw(st.integers(low, 99))
        symbol = draw(NAMES)
        symbols[symbol] = Symbol(low, draw(st.none() | st.integers(example, 2**31 - 1)), example)
        dtype = draw(st.sampled_from(["uint8", "int8"]))
        limits = np.iinfo(dtype)
        values[name] = Value(dtype, draw(SCALES), draw(st.integers(int(limits.min), int(limits.max))))
        inputs.append(Input(name, dtype, (*draw(st.lists(st.integers(1, 9), max_size=3)), symbol)))
    leaf = st.integers(0, len(names) - 1) | st.none()
    trees = st.recursive(leaf, lambda c: st.lists(c, max_size=3) | st.dictionaries(NAMES, c).map(lambda d: {"dict": d}))
    structure = {"tuple": [*range(len(names)), draw(trees)]}
    return Program(tuple(inputs), tuple(names), values, (), {}, symbols, structure, draw(NAMES))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs())
def test_load_returns_what_was_saved(tmp_path, program):
    path = tmp_path / "model.octavo"
    save(program, path)
    assert load(path) == program


@pytest.mark.parametrize("kind", OPERATORS)
def test_every_operator_survives(kind, tmp_path):
    for case in operator_cases(kind)[::10]:
        program, _ = case.build()
        save(program, tmp_path / "model.octavo")
        assert load(tmp_path / "model.octavo") == program, case.id


def test_the_sample_survives_with_the_order_of_its_keys(tmp_path):
    save(PROGRAM, tmp_path / "model.octavo")
    loaded = load(tmp_path / "model.octavo")
    assert loaded == PROGRAM
    assert list(loaded.output_structure["dict"]) == ["z", "logits"]


def test_the_same_program_gives_the_same_bytes(tmp_path):
    shuffled = replace(
        PROGRAM,
        values=dict(reversed(PROGRAM.values.items())),
        constants=dict(reversed(PROGRAM.constants.items())),
        symbols=dict(reversed(PROGRAM.symbols.items())),
        operators=tuple(
            replace(operator, attributes=dict(reversed(operator.attributes.items()))) for operator in PROGRAM.operators
        ),
    )
    save(PROGRAM, tmp_path / "a")
    save(shuffled, tmp_path / "b")
    save(load(tmp_path / "a"), tmp_path / "c")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


def test_the_file_is_what_the_documentation_says(tmp_path):
    """Read by the safetensors library, and written by it."""
    save(PROGRAM, tmp_path / "a")
    document, tensors = raw_files.read(tmp_path / "a")
    assert tensors.keys() == PROGRAM.constants.keys()
    assert document["inputs"][1] == {
        "name": "skip", "dtype": "int8", "shape": ["batch", 4, "height", 8], "scale": 0.2, "zero_point": -28
    }  # fmt: skip
    assert document["values"]["x"] == {"dtype": "uint8", "scale": 0.05, "zero_point": 117}
    assert document["symbols"]["batch"] == {"min": 1, "max": None, "example": 2}
    with safe_open(tmp_path / "a", framework="numpy") as file:
        metadata = file.metadata()
    assert metadata["checksum"] == raw_files.checksum(metadata["program"], tensors)
    raw_files.write(tmp_path / "b", document, tensors)
    assert load(tmp_path / "b") == PROGRAM


def test_tensors_are_aligned(tmp_path):
    save(PROGRAM, tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    for name, array in PROGRAM.constants.items():
        assert (8 + length + header[name]["data_offsets"][0]) % array.itemsize == 0


def test_arrays_in_any_layout_are_written_in_row_major_order(tmp_path):
    rng = np.random.default_rng(0)
    constants = weights(rng, (6, 8))
    constants["weight"] = np.asfortranarray(constants["weight"])
    x = rng.integers(0, 256, (1, 8), dtype=np.uint8)
    program, _ = one_operator("linear", [x], [Value("uint8", 1.0, 0)], FLOAT, {}, constants)
    save(program, tmp_path / "a")
    assert load(tmp_path / "a") == program


def test_a_wrong_program_is_not_written(tmp_path):
    with pytest.raises(VerifyError, match="producer"):
        save(replace(PROGRAM, producer=""), tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def _raise(error):
    raise error


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("existing", [False, True])
def test_an_interrupted_save_leaves_nothing(tmp_path, monkeypatch, call, error, existing):
    path = tmp_path / "model.octavo"
    if existing:
        path.write_bytes(b"before")
    with monkeypatch.context() as patch, pytest.raises(type(error)):
        patch.setattr(os, call, lambda *_: _raise(error))
        save(PROGRAM, path)
    assert [file.name for file in tmp_path.iterdir()] == (["model.octavo"] if existing else [])
    assert not existing or path.read_bytes() == b"before"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch, error):
    from octavo.program import file

    def parts(program):
        yield b"the beginning"
        raise error

    monkeypatch.setattr(file, "_parts", parts)
    with pytest.raises(type(error)):
        save(PROGRAM, tmp_path / "model.octavo")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_device_is_not_replaced():
    with pytest.raises(FileExistsError, match="/dev/full: exists and is not a file"):
        save(PROGRAM, "/dev/full")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)  # noqa: PTH116


def test_the_target_must_be_a_file_in_a_directory(tmp_path):
    with pytest.raises(FileExistsError, match="exists and is not a file"):
        save(PROGRAM, tmp_path)
    with pytest.raises(FileNotFoundError):
        save(PROGRAM, tmp_path / "none" / "model.octavo")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        load(tmp_path / "model.octavo")


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to("model.octavo")
    save(PROGRAM, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert load(tmp_path / "model.octavo") == PROGRAM
    assert stat.S_IMODE((tmp_path / "model.octavo").stat().st_mode) == 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
