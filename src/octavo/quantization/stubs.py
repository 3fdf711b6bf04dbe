"""Where a model enters 8 bits and leaves them: the names of `torch.ao.quantization.stubs`."""

from octavo.nn.stubs import DeQuantStub, QuantStub, QuantWrapper

__all__ = ["DeQuantStub", "QuantStub", "QuantWrapper"]
