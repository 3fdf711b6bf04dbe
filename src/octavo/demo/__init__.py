"""Shows the whole path on a pretrained ImageNet network and real photographs."""

from octavo.demo.show import show

__all__ = ["show"]
