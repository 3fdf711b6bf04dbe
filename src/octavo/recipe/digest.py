"""What tells a model from others, for files that are of one."""

from __future__ import annotations

import hashlib

import torch


def model_digest(model: torch.nn.Module) -> str:
    """Return what tells a model's weights from others."""
    found = hashlib.sha256()
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        found.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        found.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
