"""Which layer is quantized how."""

from __future__ import annotations

import re
from collections.abc import Hashable

from octavo.qconfig.qconfig import QConfig


class QConfigMapping:
    """Map layers to their QConfig; None keeps a layer in float.

    The most specific rule wins: the module's name or that of the nearest module around it, then the first regular
    expression set that matches from the start of the name, then the object type, then the global rule. Without any rule
    a layer stays in float. Each `set_` method returns the mapping itself, so that calls can be chained.
    """

    def __init__(self) -> None:
        self._global: QConfig | None = None
        self._object_types: dict[Hashable, QConfig | None] = {}
        self._module_names: dict[str, QConfig | None] = {}
        self._regexes: dict[str, QConfig | None] = {}

    def set_global(self, qconfig: QConfig | None) -> QConfigMapping:
        """Set what holds for every layer without a rule of its own."""
        self._global = qconfig
        return self

    def set_object_type(self, object_type: Hashable, qconfig: QConfig | None) -> QConfigMapping:
        """Set what holds for one kind of layer.

        Args:
            object_type: an operator's type such as `"conv"` or `"add"`.
            qconfig: how to quantize it, or None for float.
        """
        self._object_types[object_type] = qconfig
        return self

    def set_module_name(self, module_name: str, qconfig: QConfig | None) -> QConfigMapping:
        """Set what holds for one layer, or for all layers inside one module.

        Args:
            module_name: its full name, such as `"features.3.conv"` or `"features.3"`.
            qconfig: how to quantize it, or None for float.
        """
        self._module_names[module_name] = qconfig
        return self

    def set_module_name_regex(self, regex: str, qconfig: QConfig | None) -> QConfigMapping:
        """Set what holds for the layers whose name matches from its start (`re.match`).

        Args:
            regex: a regular expression, such as `r"features\\.\\d+\\.conv$"`.
            qconfig: how to quantize them, or None for float.

        Raises:
            ValueError: it is not a regular expression.
        """
        try:
            re.compile(regex)
        except re.error as error:
            raise ValueError(f"set_module_name_regex: {regex!r} is not a regular expression: {error}") from error
        self._regexes[regex] = qconfig
        return self

    def resolve(self, name: str, object_type: Hashable) -> QConfig | None:
        """Find how the layer of this name and kind is quantized; None: in float."""
        path = name.split(".")
        for depth in range(len(path), 0, -1):
            module = ".".join(path[:depth])
            if module in self._module_names:
                return self._module_names[module]
        for regex, qconfig in self._regexes.items():
            if re.match(regex, name):
                return qconfig
        if object_type in self._object_types:
            return self._object_types[object_type]
        return self._global

    def __repr__(self) -> str:
        rules = (self._module_names, self._regexes, self._object_types, self._global)
        return "QConfigMapping(module_names={}, regexes={}, object_types={}, global={})".format(*rules)
