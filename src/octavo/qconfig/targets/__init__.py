"""What each target can run in 8 bits, as data: one file a target."""

from octavo.qconfig.targets.cpu import CPU
from octavo.qconfig.targets.target import Target

TARGETS: dict[str, Target] = {target.name: target for target in (CPU,)}

__all__ = ["CPU", "TARGETS", "Target"]
