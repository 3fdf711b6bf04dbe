"""Convolutions in 8 bits with what was fused to them."""

from __future__ import annotations

from octavo.nn import quantized
from octavo.nn.qtensor import QTensor


class ConvReLU1d(quantized.Conv1d):
    """Convolve [n, c, l] in 8 bits and rectify."""

    activation = "relu"


class ConvReLU2d(quantized.Conv2d):
    """Convolve [n, c, h, w] in 8 bits and rectify."""

    activation = "relu"


class ConvReLU3d(quantized.Conv3d):
    """Convolve [n, c, d, h, w] in 8 bits and rectify."""

    activation = "relu"


class ConvAdd2d(quantized.Conv2d):
    """Convolve [n, c, h, w] in 8 bits and add a residual before the one rounding.

    Reference: `y = sat(rne(f(acc) · m + f(r − z_r) · m_r) + z_y)`, see docs/program.md.
    """

    def forward(self, x: QTensor, extra_input: QTensor) -> QTensor:  # type: ignore[override]
        """Compute `conv(x) + extra_input`.

        Args:
            x: [n, in_channels, h, w].
            extra_input: of the output's shape; its scale and zero_point are its own.

        Raises:
            FloatInputError: one of them is a float tensor.
        """
        return self.compute(x, extra_input)


class ConvAddReLU2d(ConvAdd2d):
    """Convolve [n, c, h, w] in 8 bits, add a residual and rectify."""

    activation = "relu"
