"""Where a model enters 8 bits and leaves them."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from octavo.nn.fake_quantized import plain
from octavo.nn.module import to_qtensor
from octavo.nn.output import QuantizedOutput
from octavo.nn.qtensor import QTensor
from octavo.numerics import dtype_name


class QuantStub(nn.Module):
    """Mark where a float tensor becomes 8 bits: an observer while calibrating, `Quantize` after `convert`.

    Args:
        qconfig: of this stub; default: that of the module around it.
    """

    def __init__(self, qconfig: Any = None) -> None:
        super().__init__()
        if qconfig is not None:
            self.qconfig = qconfig

    def forward(self, x: Tensor) -> Tensor:
        """Return x."""
        return x


class DeQuantStub(nn.Module):
    """Mark where 8 bits become a float tensor again: does nothing before `convert`, `DeQuantize` after it."""

    def __init__(self, qconfig: Any = None) -> None:
        super().__init__()
        if qconfig is not None:
            self.qconfig = qconfig

    def forward(self, x: Tensor) -> Tensor:
        """Return x, a plain tensor."""
        return plain(x)


class QuantWrapper(nn.Module):
    """Put a QuantStub before a module and a DeQuantStub after it.

    Args:
        module: takes one tensor and returns one.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        qconfig = getattr(module, "qconfig", None)
        self.quant: nn.Module = QuantStub(qconfig)
        self.dequant: nn.Module = DeQuantStub(qconfig)
        self.module = module
        self.train(module.training)

    def forward(self, x: Any) -> Any:
        """Quantize, run the module, dequantize."""
        return self.dequant(self.module(self.quant(x)))


class Quantize(QuantizedOutput):
    """Bring a float tensor to 8 bits; a tensor that has them passes through.

    Args:
        scale, zero_point: of the result; zero_point in dtype's range.
        dtype: `"uint8"` or `"int8"`, or the torch dtype (torch.quint8 and torch.qint8 too).

    Attributes:
        name: the module's full name in its model.
    """

    def __init__(self, scale: Any = 1.0, zero_point: Any = 0, dtype: Any = "uint8") -> None:
        super().__init__()
        self.name = ""
        self.set_output(scale, zero_point, dtype_name(dtype))

    @classmethod
    def from_float(cls, mod: nn.Module, use_precomputed_fake_quant: bool = False) -> Quantize:
        """Make one of a calibrated stub."""
        stub = cls()
        stub.take_output(mod)
        return stub

    def forward(self, x: Tensor) -> QTensor:
        """Quantize x."""
        return x if isinstance(x, QTensor) else to_qtensor(x, self.output_value)

    def extra_repr(self) -> str:
        """Show the qparams."""
        return f"scale={self.scale}, zero_point={self.zero_point}, dtype={self.dtype}"


class DeQuantize(nn.Module):
    """Bring an 8-bit tensor back to float32; a float tensor passes through.

    Attributes:
        name: the module's full name in its model.
    """

    def __init__(self) -> None:
        super().__init__()
        self.name = ""

    @classmethod
    def from_float(cls, mod: nn.Module, use_precomputed_fake_quant: bool = False) -> DeQuantize:
        """Make one of a stub."""
        return cls()

    def forward(self, x: Any) -> Tensor:
        """Dequantize x."""
        return x.dequantize() if isinstance(x, QTensor) else x
