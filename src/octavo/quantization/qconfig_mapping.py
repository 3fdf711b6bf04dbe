"""QConfigMapping and its defaults: the names of `torch.ao.quantization.qconfig_mapping`."""

from octavo.qconfig import *  # noqa: F403
