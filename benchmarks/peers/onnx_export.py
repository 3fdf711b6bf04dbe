"""The float network as ONNX, the common starting point of ONNX Runtime and OpenVINO."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from benchmarks.peers import Sample, dynamic_shapes, tensors
from benchmarks.quiet import quiet
from benchmarks.sessions import feed


def export(model: nn.Module, samples: Sequence[Sample], path: Path) -> Path:
    """Write the module as ONNX, unless `path` exists already; sizes in which the samples differ stay open."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # The exporter takes a size of 1 for a constant.
        largest = max(samples, key=lambda sample: min(sample[0].shape))
        partial = path.with_suffix(".partial")
        with quiet():
            torch.onnx.export(
                model, tensors(largest), partial, input_names=list(feed(largest)), dynamo=True, external_data=False,
                dynamic_shapes=dynamic_shapes(samples),
            )  # fmt: skip
        partial.rename(path)
    return path
