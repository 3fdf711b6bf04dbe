"""Range estimators: the names of `torch.ao.quantization.observer`."""

from octavo.observers import *  # noqa: F403
