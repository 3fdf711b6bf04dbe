"""Fake quantization with the qparams that an observer chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from octavo.fake_quantize.observed import ObservedFakeQuantize
from octavo.numerics import Qparams, fake_quantize_affine, has_float_zero_point
from octavo.observers import MovingAverageMinMaxObserver, ObserverFactory


class FakeQuantize(ObservedFakeQuantize):
    """Round a tensor to what 8 bits can stand for: `y = s · (clamp(rne(x / s) + z, quant_min, quant_max) − z)`.

    In training, while the observer is enabled, each batch moves the range and with it s and z; in eval they stay. (With
    torch.ao they move in eval too.) Until a batch was observed, x passes unchanged. The gradient is straight through
    inside the range and zero outside, see `octavo.numerics.fake_quantize`.

    A batch whose least or greatest value is NaN or infinite leaves the range as it is. The numbers stay on x's device:
    nothing here waits for it, except with an observer that does (HistogramObserver).

    Args:
        observer: makes the observer.
        quant_min, quant_max, is_dynamic, sync, observer_kwargs: see `ObservedFakeQuantize`.

    Attributes:
        scale: [] or [channels] float32 buffer; [] of 1 before the first batch.
        zero_point: of scale's shape, int32, or float32 for a real one.

    Reference: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference", 2018, section 3.
    """

    scale: torch.Tensor
    zero_point: torch.Tensor

    def __init__(
        self,
        observer: Callable[..., Any] | ObserverFactory = MovingAverageMinMaxObserver,
        quant_min: int | None = None,
        quant_max: int | None = None,
        is_dynamic: bool = False,
        sync: bool = True,
        **observer_kwargs: Any,
    ) -> None:
        super().__init__(observer, quant_min, quant_max, is_dynamic, sync, **observer_kwargs)
        made = self.activation_post_process
        dtype = torch.float32 if has_float_zero_point(made.qscheme) else torch.int32
        self.register_buffer("scale", torch.ones((), device=made.device))
        self.register_buffer("zero_point", torch.zeros((), dtype=dtype, device=made.device))
        self._up_to_date = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Observe x and return it rounded: x's dtype and shape, computed in float32.

        Raises:
            ValueError: x is not float, or has another number of channels than before.
        """
        if self._observes(x):
            self._set(*self._track(x))
        if not (self.is_on("fake_quant_enabled") and self._has_qparams()):
            return x
        return fake_quantize_affine(x, self.scale, self.zero_point, self.quant_min, self.quant_max, self.ch_axis)

    def qparams(self) -> Qparams:
        """Return the qparams that `forward` uses in eval: convert with these.

        Raises:
            RuntimeError: nothing was observed yet.
        """
        if not self._has_qparams():
            raise self._not_observed()
        made = self.activation_post_process
        return Qparams(
            self.scale.clone(), self.zero_point.clone(), made.quant_min, made.quant_max, made.dtype, made.qscheme,
            made.ch_axis,
        )  # fmt: skip

    def refresh(self, weight: torch.Tensor) -> None:
        """Take the range of a weight as it is now, in evaluation too, where it is enabled and keeps no memory."""
        if self.is_on("observer_enabled") and getattr(self.activation_post_process, "averaging_constant", None) == 1:
            self._set(*self._track(weight))

    def _set(self, scale: torch.Tensor, zero_point: torch.Tensor) -> None:
        if self.scale.shape != scale.shape:
            # In place: what holds these buffers (DistributedDataParallel) must see the same tensors.
            self.scale.resize_(scale.shape)
            self.zero_point.resize_(scale.shape)
        self.scale.copy_(scale)
        self.zero_point.copy_(zero_point)
        self._up_to_date = True

    def _has_qparams(self) -> bool:
        """Tell whether there are qparams; after loading, or where the observer alone was used, ask the observer."""
        if not self._up_to_date and self.activation_post_process.has_seen():
            self._set(*self.activation_post_process.estimate())
        return self._up_to_date

    def extra_repr(self) -> str:
        """Show the switches, the settings and the qparams."""
        return (
            f"fake_quant_enabled={self.fake_quant_enabled}, observer_enabled={self.observer_enabled}, "
            f"quant_min={self.quant_min}, quant_max={self.quant_max}, dtype={self.dtype}, qscheme={self.qscheme}, "
            f"ch_axis={self.ch_axis}, scale={self.scale}, zero_point={self.zero_point}"
        )

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        for name in ("scale", "zero_point"):
            saved = state_dict.get(prefix + name)
            if saved is not None and self.is_per_channel:
                getattr(self, name).resize_(saved.shape)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        self._up_to_date = False
