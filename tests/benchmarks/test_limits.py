"""Processes whose engines are limited to an instruction set."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.limits import LIMITS, run_limited

from octavo import _core

ASK = """
import sys, octavo.runtime
from benchmarks.limits import is_limited
sys.exit(0 if is_limited(sys.argv[1]) and octavo.runtime.isa() == sys.argv[1] else 3)
"""


@pytest.mark.parametrize("isa", [isa for isa in LIMITS if isa in _core.supported_isas()])
def test_a_limited_process_runs_on_that_instruction_set(
    isa: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ask.py").write_text(ASK)
    root = Path(__file__).resolve().parents[2]
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{root}:{root / 'src'}")
    assert run_limited(isa, "ask", [isa]) == 0
    assert run_limited(isa, "ask", [next(other for other in LIMITS if other != isa)]) == 3
