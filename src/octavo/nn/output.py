"""A module whose output has 8 bits: its scale, zero_point and dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from octavo.nn.errors import QuantizationError
from octavo.nn.qtensor import QTensor
from octavo.program import Value


class QuantizedOutput(nn.Module):
    """Keep the output's qparams as plain numbers, and save them as tensors.

    Attributes:
        scale: > 0, exactly a float32.
        zero_point: in dtype's range.
        dtype: `"uint8"` or `"int8"`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scale = 1.0
        self.zero_point = 0
        self.dtype = "uint8"
        self._value: Value | None = None  # made of them when asked for

    @property
    def output_value(self) -> Value:
        """Dtype, scale and zero_point of the output as a program declares them."""
        value = self._value
        if value is None or (value.scale, value.zero_point, value.dtype) != (self.scale, self.zero_point, self.dtype):
            self.set_output(self.scale, self.zero_point, self.dtype)
            value = self._value = Value(self.dtype, self.scale, self.zero_point)
        return value

    def set_output(self, scale: Any, zero_point: Any, dtype: str = "uint8") -> None:
        """Set the output's qparams."""
        self.scale, self.zero_point, self.dtype = float(np.float32(scale)), int(zero_point), dtype

    def take_output(self, mod: nn.Module) -> None:
        """Take the qparams that a module's activation observer has found.

        Raises:
            QuantizationError: the module was not prepared.
        """
        observer: Any = getattr(mod, "activation_post_process", None)
        if observer is None:
            raise QuantizationError(
                f"module '{getattr(mod, 'name', '')}' ({type(mod).__name__}): it has no activation_post_process, the "
                "observer that finds its output's scale. Remedy: give it a qconfig, prepare, and run samples through it"
            )
        qparams = observer.qparams()
        self.set_output(qparams.scale, qparams.zero_point, qparams.dtype)

    def leave(self, q: Tensor) -> QTensor:
        """Say what the integers of the output stand for."""
        return QTensor.of(q, self.output_value)

    def settings(self) -> Any:
        """Return what a program depends on besides inputs and buffers."""
        return self.output_value

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "scale"] = torch.tensor(self.scale)
        # The dtype of the zero_point is that of the output.
        destination[prefix + "zero_point"] = torch.tensor(self.zero_point, dtype=getattr(torch, self.dtype))

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        names = [prefix + "scale", prefix + "zero_point"]
        if all(name in state_dict for name in names):
            scale, zero_point = (state_dict[name] for name in names)
            self.set_output(scale, zero_point, str(zero_point.dtype).removeprefix("torch."))
        else:
            missing_keys += [name for name in names if name not in state_dict]
        rest = {key: value for key, value in state_dict.items() if key not in names}
        super()._load_from_state_dict(rest, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
