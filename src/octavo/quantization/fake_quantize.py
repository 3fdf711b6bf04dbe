"""Fake-quantize modules: the names of `torch.ao.quantization.fake_quantize`."""

from octavo.fake_quantize import *  # noqa: F403
