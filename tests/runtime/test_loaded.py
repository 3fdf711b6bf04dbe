"""How a loaded program is called, and what it says to a wrong call."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from random_networks import random_program

from octavo import _core
from octavo.program import FormatError, Input, Program, ShapeError, Symbol, Value, reference, save
from octavo.program.types import Operator
from octavo.runtime import LoadedProgram, isa, load

SCALE = float(np.float32(0.1))


def doubling() -> Program:
    """Two inputs of any batch, added and returned in a dict."""
    image = Value("uint8", SCALE, 128)
    return Program(
        inputs=(Input("left", "float32", ("batch", 3, 4, 4)), Input("right", "float32", ("batch", 3, 4, 4))),
        outputs=("sum",),
        values={
            "left": Value("float32"),
            "right": Value("float32"),
            "a": image,
            "b": image,
            "c": image,
            "sum": Value("float32"),
        },
        operators=(
            Operator("quantize", "a", ("left",), ("a",)),
            Operator("quantize", "b", ("right",), ("b",)),
            Operator("add", "c", ("a", "b"), ("c",)),
            Operator("dequantize", "sum", ("c",), ("sum",)),
        ),
        symbols={"batch": Symbol(1, 8, 2)},
        output_structure={"dict": {"sum": 0}},
    )


def image(batch: int) -> np.ndarray:
    return np.random.default_rng(batch).normal(0, 3, (batch, 3, 4, 4)).astype(np.float32)


def test_takes_arrays_by_position_and_by_name_and_returns_the_structure():
    loaded = LoadedProgram(doubling(), threads=1)
    for batch in (1, 3, 8):
        x = image(batch)
        expected = reference.run(doubling(), [x, -2 * x])[0]
        np.testing.assert_array_equal(loaded(x, -2 * x)["sum"], expected)
        np.testing.assert_array_equal(loaded(right=-2 * x, left=x)["sum"], expected)


def test_takes_what_speaks_dlpack_and_arrays_of_any_layout():
    torch = pytest.importorskip("torch")
    loaded = LoadedProgram(doubling(), threads=1)
    x = image(2)
    expected = loaded(x, x)["sum"]
    np.testing.assert_array_equal(loaded(torch.from_numpy(x), x)["sum"], expected)
    np.testing.assert_array_equal(loaded(np.asfortranarray(x), x)["sum"], expected)


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "words"),
    [
        ((), {}, TypeError, "missing input left, right"),
        ((image(1),), {"left": image(1)}, TypeError, "'left' is given twice"),
        ((image(1), image(1), image(1)), {}, TypeError, "got 3 inputs, expected 2"),
        ((image(1), image(1)), {"mask": image(1)}, TypeError, "'mask' is not an input"),
        ((image(1).astype(np.float64), image(1)), {}, TypeError, "'left': got dtype float64, expected float32"),
        ((image(1), [[1, 2], [3, 4]]), {}, TypeError, "'right': got dtype int64"),
        ((image(1)[0], image(1)), {}, ShapeError, "left"),
        ((image(1)[:, :, :3], image(1)), {}, ShapeError, "left"),
        ((image(9), image(9)), {}, ShapeError, "batch"),
        ((image(0), image(0)), {}, ShapeError, "batch"),
        ((image(1), image(2)), {}, ShapeError, "batch"),
    ],
)
def test_says_what_is_wrong_with_a_call(args, kwargs, error, words):
    loaded = LoadedProgram(doubling(), threads=1)
    with pytest.raises(error, match=words):
        loaded(*args, **kwargs)


def test_refuses_impossible_settings(monkeypatch):
    with pytest.raises(ValueError, match="threads: got 0"):
        LoadedProgram(doubling(), threads=0)
    with pytest.raises(ValueError, match="isa: got 'sse9'"):
        LoadedProgram(doubling(), isa="sse9")
    monkeypatch.setenv("OCTAVO_ISA", "neon9")
    with pytest.raises(ValueError, match="OCTAVO_ISA"):
        isa()
    monkeypatch.setenv("OCTAVO_ISA", "reference")
    assert isa() == "reference"
    assert LoadedProgram(doubling()).isa == "reference"


def test_matrix_registers_are_emulated_only_where_that_is_asked_for(monkeypatch):
    monkeypatch.delenv("OCTAVO_ISA", raising=False)
    assert isa() != "amx_emulated"
    for name in {"amx", "amx_emulated"} - set(_core.supported_isas()):
        monkeypatch.setenv("OCTAVO_ISA", name)
        with pytest.raises(ValueError, match=f"OCTAVO_ISA: got '{name}', expected one of reference, "):
            LoadedProgram(doubling())


def test_refuses_a_program_that_is_not_valid():
    wrong = Program(**{**vars(doubling()), "outputs": ("nothing",)})
    with pytest.raises(FormatError):
        LoadedProgram(wrong)


def test_one_loaded_program_serves_many_threads_at_once():
    program, shape = random_program(7)
    inputs = [np.random.default_rng(seed).normal(0, 3, shape).astype(np.float32) for seed in range(8)]
    expected = [reference.run(program, [x]) for x in inputs]
    loaded = LoadedProgram(program, threads=2)
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(50):
            got = loaded(inputs[index])
            if not all(np.array_equal(a, b) for a, b in zip(got, expected[index], strict=True)):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_profile_lists_the_steps_of_a_run():
    steps = LoadedProgram(doubling(), threads=2).profile(image(2), image(2), rounds=3)
    assert [step.kind for step in steps] == ["quantize", "quantize", "add", "dequantize"]
    assert all(step.nanoseconds > 0 for step in steps)


def test_more_shapes_than_are_kept_planned():
    program = doubling()
    loaded = LoadedProgram(program, threads=1)
    for _ in range(2):
        for batch in range(1, 9):
            assert loaded(image(batch), image(batch))["sum"].shape == (batch, 3, 4, 4)
    assert loaded.arena_bytes(image(8), image(8)) > loaded.arena_bytes(image(1), image(1)) > 0


def test_runs_in_a_process_without_torch(tmp_path):
    save(doubling(), tmp_path / "model.octavo")
    x = image(2)
    np.save(tmp_path / "x.npy", x)
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np, octavo.runtime\n"
        "x = np.load('x.npy'); y = octavo.runtime.load('model.octavo', threads=2)(x, x)['sum']\n"
        "np.save('y.npy', y)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), load(tmp_path / "model.octavo")(x, x)["sum"])


def test_a_fork_has_threads_of_its_own():
    loaded = LoadedProgram(doubling(), threads=2)
    expected = loaded(image(2), image(2))["sum"]
    code = (
        "import os, sys, numpy as np\n"
        "from test_loaded import doubling, image, LoadedProgram\n"
        "loaded = LoadedProgram(doubling(), threads=2)\n"
        "before = loaded(image(2), image(2))['sum']\n"
        "child = os.fork()\n"
        "same = np.array_equal(loaded(image(2), image(2))['sum'], before)\n"
        "if child == 0: os._exit(0 if same else 1)\n"
        "sys.exit(0 if same and os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 else 1)\n"
    )
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=__file__.rpartition("/")[0], check=True, timeout=60
    )
    np.testing.assert_array_equal(loaded(image(2), image(2))["sum"], expected)
