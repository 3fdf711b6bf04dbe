"""QConfigs: the names of `torch.ao.quantization.qconfig`."""

from octavo.qconfig import *  # noqa: F403
