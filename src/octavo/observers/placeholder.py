"""Observers that look at nothing: they only say what a tensor becomes."""

from __future__ import annotations

import torch

from octavo.numerics import DEFAULT_EPS, qscheme_name
from octavo.observers.base import ObserverBase


class NoopObserver(ObserverBase):
    """Look at nothing, and choose no qparams: the tensor has this dtype and no more is said.

    Args:
        dtype: the torch dtype, or its name.
        custom_op_name: a name that the caller may read back as `custom_op`.
    """

    def __init__(self, dtype: str | torch.dtype = torch.float16, custom_op_name: str = "") -> None:
        super().__init__(dtype)
        self.custom_op = custom_op_name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x unchanged."""
        return x

    def has_seen(self) -> bool:
        """Tell that there are no qparams."""
        return False

    def calculate_qparams(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Refuse: there are none.

        Raises:
            RuntimeError: always.
        """
        qparams = self.qparams()
        return qparams.scale, qparams.zero_point

    def extra_repr(self) -> str:
        """Show the dtype."""
        return f"dtype={self.dtype}, is_dynamic={self.is_dynamic}"


class PlaceholderObserver(NoopObserver):
    """Stand for settings that are used when the model runs: of dynamic quantization, or of float.

    Args:
        dtype: what the tensor becomes: the torch dtype, or its name.
        custom_op_name: a name that the caller may read back as `custom_op`.
        compute_dtype: given, it means is_dynamic; torch.ao has given it up.
        quant_min, quant_max: the integers to use; None for all of the dtype.
        qscheme: the scheme; None for `"per_tensor_affine"`.
        eps: the least scale; None for the default.
        is_dynamic: whether qparams are chosen for each tensor when the model runs.
    """

    def __init__(
        self,
        dtype: str | torch.dtype = torch.float32,
        custom_op_name: str = "",
        compute_dtype: str | torch.dtype | None = None,
        quant_min: int | None = None,
        quant_max: int | None = None,
        qscheme: str | torch.qscheme | None = None,
        eps: float | None = None,
        is_dynamic: bool = False,
    ) -> None:
        super().__init__(dtype, custom_op_name)
        self.is_dynamic = is_dynamic or compute_dtype is not None
        self.quant_min = quant_min
        self.quant_max = quant_max
        self.qscheme = qscheme_name("per_tensor_affine" if qscheme is None else qscheme)
        self.eps = DEFAULT_EPS if eps is None else eps


class ReuseInputObserver(NoopObserver):
    """Say that an operator's output has the qparams of its input, as a reshape's has."""

    def __init__(self) -> None:
        super().__init__("uint8")
