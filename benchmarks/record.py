"""Keep what was measured: one JSON file a commit under build/bench/."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.environment import ROOT, commit, describe

FOLDER = ROOT / "build" / "bench"


def write(section: str, results: dict[str, Any], packages: Iterable[str]) -> Path:
    """Merge `results` (key → JSON value) into the section of this commit's file; return the file's path.

    Keys that the file has and `results` lacks are kept, so that a run over some networks does not lose the others.
    """
    path = FOLDER / f"{commit()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    record = json.loads(path.read_text()) if path.exists() else {}
    kept = record.get(section, {}).get("results", {})
    record[section] = {"environment": describe(packages), "results": kept | results}
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(record, indent=1))
    partial.replace(path)
    return path
