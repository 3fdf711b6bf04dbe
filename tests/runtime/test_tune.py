"""Tuning: what is chosen, what is kept beside a model, and that a file that is no use costs nothing but a message."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import numpy as np
import pytest

from octavo.program import save
from octavo.runtime import load
from octavo.runtime import tune as tuner
from octavo.runtime.sample_inputs import sample_inputs
from octavo.runtime.tuning_file import (
    Machine,
    TuningWarning,
    read_variants,
    require_writable,
    tuning_path,
    write_variants,
)

MACHINE = Machine.this("reference", 1)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return the file of a small convolution."""
    path = tmp_path / "model.octavo"
    save(builders.conv(x=(1, 8, 5, 5), oc=40)[0], path)
    return path


def test_chooses_what_was_faster_by_enough():
    own = {"": 100.0, "a": 50.0, "b": 40.0, "c": 10.0}
    first = {"": 95.0, "a": 45.0, "b": 39.9, "c": 12.0}
    second = {"": 99.0, "a": 44.0, "b": 41.0, "c": 9.0}
    variants = {"a": ["one", "two"], "b": ["one", "two"], "c": ["one"]}
    (choice,) = tuner._choices(variants, [own, first, second])
    assert (choice.name, choice.variant, choice.before_us, choice.after_us) == ("a", "two", 50.0, 44.0)


def test_nothing_is_chosen_where_the_network_gains_nothing():
    choices = (tuner.Choice("a", "one", 50.0, 40.0),)
    assert tuner.Tuning(choices, 1, 1.0, 0.9, True).variants == {"a": "one"}
    assert tuner.Tuning(choices, 1, 1.0, 1.0, False).variants == {}


def test_what_was_fast_by_luck_is_not_chosen(monkeypatch: pytest.MonkeyPatch):
    program = builders.linear(x=(4, 64), out=100)[0]
    answers = [[{"": 9.0, "layer": 9.0}, *[{"": 5.0, "layer": 5.0}] * 8], [{"": 9.0, "layer": 9.0}] * 2]
    monkeypatch.setattr(tuner._Bench, "screen", lambda *_: answers.pop(0))
    found = tuner.tune(program, sample_inputs(program), 1, "reference", seconds=0.1)
    assert not answers and (found.choices, found.kept, found.variants) == ((), False, {})


def test_a_network_that_gains_more_than_its_operators_does_so_by_luck(monkeypatch: pytest.MonkeyPatch):
    program = builders.linear(x=(4, 64), out=100)[0]
    own, other = {"": 1000.0, "layer": 20.0}, {"": 900.0, "layer": 16.0}
    monkeypatch.setattr(tuner._Bench, "screen", lambda _, contenders, *__: [own, *[other] * (len(contenders) - 1)])
    found = tuner.tune(program, sample_inputs(program), 1, "reference", seconds=0.1)
    assert (len(found.choices), found.before_ms, found.after_ms, found.kept) == (1, 1.0, 1.0, False)


def test_tunes_and_a_load_uses_it(model: Path):
    program = builders.linear(x=(40, 64), out=100)[0]
    save(program, model)
    arrays = sample_inputs(program)
    before = load(model, threads=1)
    found = tuner.tune(program, arrays, 1, before.isa, seconds=0.1)
    assert found.tried == 1 and found.before_ms > 0 and set(found.variants) <= {"layer"}
    write_variants(model, Machine.this(before.isa, 1), {"layer": "weights_once"}, {})
    after = load(model, threads=1)
    assert (before.variants, after.variants) == ({}, {"layer": "weights_once"})
    np.testing.assert_array_equal(after(*arrays), before(*arrays), strict=True)


def test_different_bits_are_an_error(monkeypatch: pytest.MonkeyPatch):
    program = builders.linear(x=(4, 64), out=100)[0]
    other = builders.linear(x=(4, 64), out=100, seed=1)[0]
    build = tuner.build_network
    monkeypatch.setattr(
        tuner, "build_network", lambda given, isa, variants: build(other if variants else given, isa, False, {})
    )
    with pytest.raises(RuntimeError, match=r"outputs change with how operators are built .layer: "):
        tuner.tune(program, sample_inputs(program), 1, "reference", seconds=0.1)


def test_machines_are_kept_beside_each_other(model: Path):
    for threads in (1, 2, 3):
        write_variants(model, Machine.this("reference", threads), {"layer": f"old{threads}"}, {})
    write_variants(model, Machine.this("reference", 2), {"layer": "new"}, {"before_ms": 1.5})
    found = [read_variants(model, "reference", threads) for threads in (1, 2, 3)]
    assert found == [{"layer": "old1"}, {"layer": "new"}, {"layer": "old3"}]
    assert [path.name for path in sorted(model.parent.iterdir())] == ["model.octavo", "model.octavo.tune"]


def test_nothing_is_said_without_a_tuning_or_for_other_numbers_of_threads(model: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_variants(model, "reference", 1) == {}
        write_variants(model, MACHINE, {"layer": "pixels_once"}, {})
        assert read_variants(model, "reference", 4) == {}


def _entry(**changes: Any) -> dict[str, Any]:
    return {"machine": {**MACHINE.__dict__, **changes.pop("machine", {})}, "variants": {}, **changes}


def _edit(edit: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    def apply(text: bytes) -> bytes:
        document = json.loads(text)
        edit(document)
        return json.dumps(document).encode()

    return apply


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: b"", "not a tuning file of format 1"),
        (lambda text: text[:40], "not a tuning file of format 1"),
        (lambda text: b"\xff\xfe" + text, "not a tuning file of format 1"),
        (lambda text: b"[" * 100_000, "not a tuning file of format 1"),
        (lambda text: b"[1]", "not a tuning file of format 1"),
        (_edit(lambda d: d.update(format=2)), "not a tuning file of format 1"),
        (_edit(lambda d: d.update(program="0")), "made for another program"),
        (_edit(lambda d: d.update(entries={})), "entries are damaged"),
        (_edit(lambda d: d.update(entries=[3])), "entries are damaged"),
        (_edit(lambda d: d.update(entries=[_entry(variants=["a"])])), "entries are damaged"),
        (_edit(lambda d: d.update(entries=[_entry(variants={"layer": 3})])), "entries are damaged"),
        (_edit(lambda d: d.update(entries=[_entry(machine={"cpu": "Z80"})])), "made elsewhere .for cpu 'Z80', not"),
        (_edit(lambda d: d.update(entries=[_entry(machine={"engine": "0"})])), "made elsewhere .for engine '0', not"),
        (_edit(lambda d: d.update(entries=[_entry(machine={"isa": "mmx"})])), "made elsewhere .for isa 'mmx', not"),
    ],
)
def test_a_file_that_is_no_use_is_ignored_with_a_message(model: Path, damage, message):
    file = write_variants(model, MACHINE, {"layer": "pixels_once"}, {})
    file.write_bytes(damage(file.read_bytes()))
    with pytest.warns(TuningWarning, match=f"model.octavo.tune is ignored: .*{message}.*bench .*model.octavo --tune"):
        loaded = load(model, threads=1, isa="reference")
    assert loaded.variants == {}
    write_variants(model, MACHINE, {"layer": "weights_once"}, {})
    assert load(model, threads=1, isa="reference").variants == {"layer": "weights_once"}


def test_a_file_that_cannot_be_read_is_ignored_with_a_message(model: Path):
    tuning_path(model).mkdir()
    with pytest.warns(TuningWarning, match="is ignored: .*directory"):
        assert load(model, threads=1).variants == {}


def test_another_program_in_the_same_place_is_noticed(model: Path):
    write_variants(model, MACHINE, {"layer": "pixels_once"}, {})
    save(builders.conv(x=(1, 8, 5, 5), oc=41)[0], model)
    with pytest.warns(TuningWarning, match="made for another program"):
        load(model, threads=1, isa="reference")


def test_what_cannot_be_written_is_an_error_that_leaves_nothing(model: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(OSError, match="No space"), monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("No space")))
        write_variants(model, MACHINE, {}, {})
    assert list(model.parent.iterdir()) == [model]
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(PermissionError, match="copy the model first"):
        require_writable(model)
