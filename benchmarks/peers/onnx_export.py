"""The float network as ONNX, the common starting point of ONNX Runtime and OpenVINO."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.quiet import quiet

INPUT = "x"


def export(model: nn.Module, sample: np.ndarray, path: Path) -> Path:
    """Write the module as ONNX with the fixed input shape of `sample`, unless `path` exists already."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with quiet():
            torch.onnx.export(
                model, (torch.from_numpy(sample),), path, input_names=[INPUT], dynamo=True, external_data=False
            )
    return path
