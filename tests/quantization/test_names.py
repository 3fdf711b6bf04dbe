"""The table of names: the same in the code, in the documentation, and complete against torch.ao.quantization."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import torch.ao.quantization as peer

import octavo.quantization as tq
from octavo.quantization.names import FAMILIES, GONE, KEPT, PLACES

PAGE = Path(__file__).parents[2] / "docs" / "torch_quantization.md"
MODULES = ["observer", "fake_quantize", "qconfig", "qconfig_mapping", "quantize_fx", "quantization_mappings", "stubs",
           "numeric_suite"]  # fmt: skip


def test_every_name_of_the_peer_is_kept_or_gone() -> None:
    assert not set(peer.__all__) - set(PLACES) - set(GONE)
    assert not set(PLACES) & set(GONE)


@pytest.mark.parametrize("name", sorted(PLACES))
def test_a_kept_name_is_there(name: str) -> None:
    assert getattr(tq, name) is getattr(importlib.import_module(PLACES[name]), name)
    assert name in dir(tq)


@pytest.mark.parametrize("name", sorted(GONE))
def test_a_name_that_is_gone_says_why(name: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(GONE[name])):
        getattr(tq, name)


@pytest.mark.parametrize(("family", "package"), [(f, p) for f, where in FAMILIES.items() for p in where])
def test_every_module_of_a_family_is_there(family: str, package: str) -> None:
    theirs = importlib.import_module(f"torch.ao.{family}")
    public = getattr(theirs, "__all__", None) or [n for n in dir(theirs) if n[0].isupper()]
    ours = importlib.import_module(package)
    names = FAMILIES[family][package]
    assert not {name for name in public if name != "modules"} - set(names)
    assert not [name for name in names if not hasattr(ours, name)]
    assert set(names) <= set(ours.__all__)


@pytest.mark.parametrize("module", MODULES)
def test_a_submodule_has_the_names_of_its_peer(module: str) -> None:
    ours = importlib.import_module(f"octavo.quantization.{module}")
    path = "torch.ao.ns._numeric_suite" if module == "numeric_suite" else f"torch.ao.quantization.{module}"
    theirs = importlib.import_module(path)
    # The tables in capitals are reached through their functions, `get_default_…_mappings()`.
    public = [n for n in getattr(theirs, "__all__", ()) if n not in GONE and not n.isupper()]
    assert not [name for name in public if not hasattr(ours, name)]


def test_the_page_lists_every_name_as_the_code_has_it() -> None:
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.+) \|$", PAGE.read_text(), re.MULTILINE))
    expected = {name: f"kept: `{room}`" for room, names in KEPT.items() for name in names}
    expected |= {name: f"gone: {reason}" for name, reason in GONE.items()}
    for family, packages in FAMILIES.items():
        for package, names in packages.items():
            expected |= {f"{family}.{name}": f"kept: `{package}`" for name in names}
    assert rows == expected
