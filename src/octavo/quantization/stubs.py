"""Where a model enters 8 bits and leaves them: the names of `torch.ao.quantization.stubs`."""

from octavo.nn import *  # noqa: F403
