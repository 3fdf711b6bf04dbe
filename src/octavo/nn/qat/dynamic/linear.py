"""Linear layers in training for dynamic quantization: x is rounded to the range that it arrives with."""

from octavo.nn.qat.linear import Linear as StaticLinear


class Linear(StaticLinear):
    """Compute `y = x · fq(weight)ᵀ + bias`; `convert` makes it dynamic."""
