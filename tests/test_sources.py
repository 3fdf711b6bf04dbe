"""The package stands on PyTorch's modules, autograd and export, and on nothing of what PyTorch is removing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent / "src" / "octavo"
_GONE = ("ao", "quantization", "qint8", "quint8", "qint32", "quint4x2", "quint2x4", "quantize_per_tensor",
         "quantize_per_channel", "quantize_per_tensor_dynamic", "fake_quantize_per_tensor_affine",
         "fake_quantize_per_channel_affine", "fused_moving_avg_obs_fake_quant", "_empty_affine_quantized",
         "_make_per_tensor_quantized_tensor", "quantized_lstm", "quantized_gru", "quantized_batch_norm")  # fmt: skip


def _used(tree: ast.AST) -> list[str]:
    """List what a file takes of torch that is on its way out: `torch.ao`, `from torch.ao import …`, `torch.qint8`."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "torch":
            found += [f"torch.{node.attr}"] if node.attr in _GONE else []
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] == "torch" and any(part in _GONE for part in parts[1:]):
                found.append(name)
    return found


@pytest.mark.parametrize("path", sorted(_ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(_ROOT)))
def test_nothing_of_what_pytorch_removes(path: Path) -> None:
    assert not _used(ast.parse(path.read_text()))


def test_the_search_finds_what_it_looks_for() -> None:
    code = "import torch.ao.nn\nfrom torch.ao import quantization\nfrom torch import ao\nx = torch.qint8, torch.int8"
    assert _used(ast.parse(code)) == [
        "torch.ao.nn", "torch.ao", "torch.ao.quantization", "torch.ao", "torch.qint8",
    ]  # fmt: skip
