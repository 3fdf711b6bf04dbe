"""What is done at which step of fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import cos, isfinite, pi

from octavo.program import OctavoError


class FinetuneError(OctavoError, ValueError):
    """Fine-tuning was asked for something that cannot be, or has come to something that is no number."""


class FinetuneWarning(UserWarning):
    """Fine-tuning did not do what it is for."""


@dataclass(frozen=True)
class FinetunePlan:
    """The course of training.

    Args:
        epochs: passes over the training data.
        learning_rate: of AdamW at the start; it falls to 0 along half a cosine.
        scale_learning_rate: of scales, each as a share of what it is at the start, and of zero_points, in integers. It
            falls likewise.
        freeze_norms: the share of the training after which batch norms keep their statistics; 0: from the start.
        freeze_scales: the share of it after which scales keep their values.
        damping: how much the pull of each weight to the middle of its step counts at the end; it rises from 0.

    Raises:
        FinetuneError: a number is out of its range.
    """

    epochs: int = 1
    learning_rate: float = 1e-5
    scale_learning_rate: float = 1e-3
    freeze_norms: float = 0.0
    freeze_scales: float = 0.8
    damping: float = 1e-2

    def __post_init__(self) -> None:
        if not isinstance(self.epochs, int) or self.epochs < 1:
            raise FinetuneError(f"epochs: got {self.epochs!r}, expected an integer from 1")
        for field in fields(self)[1:]:
            value, most = getattr(self, field.name), 1.0 if field.name.startswith("freeze") else float("inf")
            if not (isinstance(value, (int, float)) and isfinite(value) and 0 <= value <= most):
                wanted = "a share in 0 … 1" if most == 1 else "a finite number from 0"
                raise FinetuneError(f"{field.name}: got {value!r}, expected {wanted}")

    @staticmethod
    def left(step: int, steps: int) -> float:
        """Return the share of the learning rate that is left at a step: half a cosine from 1 to 0."""
        return 0.5 * (1 + cos(pi * step / steps))

    def damping_at(self, step: int, steps: int) -> float:
        """Return the weight of the dampening term at a step.

        Reference: Nagel et al., Overcoming Oscillations in Quantization-Aware Training, ICML 2022, section 4.
        """
        return self.damping * (1 - self.left(step, steps))
