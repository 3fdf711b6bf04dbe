"""Which module becomes which: the names of `torch.ao.quantization.quantization_mappings`."""

from octavo.eager import *  # noqa: F403
