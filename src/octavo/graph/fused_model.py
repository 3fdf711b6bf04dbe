"""A float model with batch norm folded into its layers."""

from __future__ import annotations

from typing import Any

from torch import nn

from octavo.graph.capture import capture
from octavo.graph.graph_module import GraphModule
from octavo.graph.passes import run_passes


class FusedModel(nn.Module):
    """Run a model with batch norms folded and activations fused, in float32.

    Args:
        model: float32, on the CPU; captured on the first inputs, and again on inputs of other sizes but the batch's.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self._fused: list[GraphModule] = []

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the model.

        Raises:
            CaptureError, UnsupportedOperatorError: see `octavo.graph.capture`.
        """
        for fused in self._fused:
            if fused.takes(*args, **kwargs):
                return fused(*args, **kwargs)
        captured = capture(self.model, kwargs if kwargs else args)
        self._fused.append(GraphModule(run_passes(captured.graph), captured.signature))
        return self._fused[-1](*args, **kwargs)
