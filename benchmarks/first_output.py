"""Recurrent modules with one output."""

from torch import Tensor, nn


class FirstOutput(nn.Module):
    """Return the first output of a module: of a recurrent one, without its states."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """Run the module on x and leave out what it returns beside its first output."""
        return self.module(x)[0]
