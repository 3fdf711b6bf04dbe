"""Programs called with PyTorch tensors: what the quantized modules compute with."""

from octavo.ops.tensor_program import TensorProgram

__all__ = ["TensorProgram"]
