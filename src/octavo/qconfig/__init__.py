"""Which layer is quantized how: QConfig, QConfigMapping, presets and targets."""

from octavo.qconfig.mapping import QConfigMapping
from octavo.qconfig.presets import default_static, min_max_static
from octavo.qconfig.qconfig import QConfig
from octavo.qconfig.targets import TARGETS, Target

__all__ = ["TARGETS", "QConfig", "QConfigMapping", "Target", "default_static", "min_max_static"]
