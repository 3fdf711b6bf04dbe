"""The code in the documents runs. All blocks of a file run in order, in one namespace."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DOCUMENTS = [p for p in sorted([*_ROOT.glob("*.md"), *_ROOT.glob("docs/**/*.md")]) if _BLOCK.search(p.read_text())]


@pytest.mark.parametrize("path", _DOCUMENTS, ids=lambda path: str(path.relative_to(_ROOT)))
def test_code_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "document"}
    text = path.read_text()
    for block in _BLOCK.finditer(text):
        line = text[: block.start(1)].count("\n")
        exec(compile("\n" * line + block[1], str(path), "exec"), namespace)


def test_readme_has_code():
    assert _ROOT / "README.md" in _DOCUMENTS
