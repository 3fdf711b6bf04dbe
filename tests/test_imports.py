"""What an import costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "typer", "rich", "PIL", "scipy", "onnxruntime")


@pytest.mark.parametrize("name", ["octavo", "octavo.runtime", "octavo.program", "octavo.report.inspection"])
def test_import_is_light(name: str):
    heavy = tuple(m for m in HEAVY if not (name.startswith("octavo.report") and m == "rich"))
    program = f"import sys, {name}; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_lazy_names():
    import octavo

    assert {"quantize", "runtime", "save", "__version__"} <= set(dir(octavo))
    assert octavo.Recipe().observer == "histogram"
    with pytest.raises(AttributeError, match="no attribute 'quantise'"):
        _ = octavo.quantise  # type: ignore[attr-defined]


def test_a_front_door_without_torch_says_what_to_install():
    program = "import sys; sys.modules['torch'] = None\nimport octavo\noctavo.quantize"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert "ImportError: octavo.quantize needs PyTorch: pip install 'octavo[torch]'" in done.stderr
