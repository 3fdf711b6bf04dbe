"""Which layer is quantized how."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from octavo.observers import ReuseInputObserver
from octavo.qconfig.object_types import ObjectType, kind_of, kinds_of
from octavo.qconfig.qconfig import QConfig, QConfigAny

_SETTERS = {
    "": "set_global",
    "object_type": "set_object_type",
    "module_name_regex": "set_module_name_regex",
    "module_name": "set_module_name",
    "module_name_object_type_order": "set_module_name_object_type_order",
}


class QConfigMapping:
    """Map layers to their QConfig; None keeps a layer in float.

    The most specific rule wins: the n-th operator of a kind inside a module, then the module's name or that of the
    nearest module around it, then the first regular expression set that matches from the start of the name, then the
    object type, then the global rule. Without any rule a layer stays in float. A rule that reuses the input's qparams
    counts as none: operators that move values do so by themselves. Each `set_` method returns the mapping itself, so
    that calls can be chained.

    Attributes:
        global_qconfig: what holds where nothing else does.
        object_type_qconfigs, module_name_regex_qconfigs, module_name_qconfigs: rule to QConfig, in the order set.
        module_name_object_type_order_qconfigs: (module name, object type, index) to QConfig.
    """

    def __init__(self) -> None:
        self.global_qconfig: QConfigAny = None
        self.object_type_qconfigs: OrderedDict[ObjectType, QConfigAny] = OrderedDict()
        self.module_name_regex_qconfigs: OrderedDict[str, QConfigAny] = OrderedDict()
        self.module_name_qconfigs: OrderedDict[str, QConfigAny] = OrderedDict()
        self.module_name_object_type_order_qconfigs: OrderedDict[tuple[str, ObjectType, int], QConfigAny] = (
            OrderedDict()
        )

    def set_global(self, global_qconfig: QConfigAny) -> QConfigMapping:
        """Set what holds for every layer without a rule of its own."""
        self.global_qconfig = global_qconfig
        return self

    def set_object_type(self, object_type: ObjectType, qconfig: QConfigAny) -> QConfigMapping:
        """Set what holds for one kind of layer.

        Args:
            object_type: a module class such as `nn.Linear`, a function such as `torch.add` or `F.conv2d`, or the name
                of an operator or method such as `"conv"`, `"add"` or `"reshape"`.
            qconfig: how to quantize it, or None for float.

        Raises:
            TypeError: the object type is none of these.
        """
        kind_of(object_type)
        self.object_type_qconfigs[object_type] = qconfig
        return self

    def set_module_name(self, module_name: str, qconfig: QConfigAny) -> QConfigMapping:
        """Set what holds for one layer, or for all layers inside one module.

        Args:
            module_name: its full name, such as `"features.3.conv"` or `"features.3"`; `"features.3.conv@1"` is the
                second call of that module.
            qconfig: how to quantize it, or None for float.
        """
        self.module_name_qconfigs[module_name] = qconfig
        return self

    def set_module_name_regex(self, module_name_regex: str, qconfig: QConfigAny) -> QConfigMapping:
        """Set what holds for the layers whose name matches from its start (`re.match`).

        Args:
            module_name_regex: a regular expression, such as `r"features\\.\\d+\\.conv$"`.
            qconfig: how to quantize them, or None for float.

        Raises:
            ValueError: it is not a regular expression.
        """
        try:
            re.compile(module_name_regex)
        except re.error as error:
            raise ValueError(
                f"set_module_name_regex: {module_name_regex!r} is not a regular expression: {error}"
            ) from error
        self.module_name_regex_qconfigs[module_name_regex] = qconfig
        return self

    def set_module_name_object_type_order(
        self, module_name: str, object_type: ObjectType, index: int, qconfig: QConfigAny
    ) -> QConfigMapping:
        """Set what holds for the n-th operator of a kind that a module calls.

        Args:
            module_name: the module whose `forward` calls it; '' for the model itself.
            object_type: as for `set_object_type`.
            index: which of them, from 0.
            qconfig: how to quantize it, or None for float.

        Raises:
            TypeError: the object type is none.
        """
        kind_of(object_type)
        self.module_name_object_type_order_qconfigs[(module_name, object_type, index)] = qconfig
        return self

    def resolve(
        self,
        name: str,
        object_type: ObjectType,
        module: str = "",
        function: str = "",
        path: str | None = None,
        order: int = 0,
    ) -> QConfigAny:
        """Find how a layer is quantized; None: in float.

        Args:
            name: of the layer, `features.3.conv`.
            object_type: class of the module, or the operator's type.
            module: name of the class that an operator was called in.
            function: which function an operator of type `function` computes.
            path: the module it was called in; None where that is not known.
            order: how many operators of its kind that module has called before.
        """
        kinds = kinds_of(object_type, module, function)
        return next((qconfig for qconfig in self._matches(name, kinds, path, order) if not _reuses(qconfig)), None)

    def _matches(self, name: str, kinds: list[tuple[str, str]], path: str | None, order: int) -> Iterable[QConfigAny]:
        """Yield the QConfig of every rule that matches, the most specific first."""
        for (module_name, object_type, index), qconfig in self.module_name_object_type_order_qconfigs.items():
            if (module_name, index) == (path, order) and kind_of(object_type) in kinds:
                yield qconfig
        # The second call of a module is named `conv@1`: a rule for `conv` holds for it too, unless it has its own.
        parts = name.partition("@")[0].split(".")
        for known in (name, *(".".join(parts[:depth]) for depth in range(len(parts), 0, -1))):
            if known in self.module_name_qconfigs:
                yield self.module_name_qconfigs[known]
        for regex, qconfig in self.module_name_regex_qconfigs.items():
            if re.match(regex, name.partition("@")[0]):
                yield qconfig
        by_kind = {kind_of(object_type): qconfig for object_type, qconfig in self.object_type_qconfigs.items()}
        yield from (by_kind[kind] for kind in kinds if kind in by_kind)
        yield self.global_qconfig

    def to_dict(self) -> dict[str, Any]:
        """Return the rules as `{"": global, "object_type": [(type, qconfig), …], "module_name": […], …}`."""
        return {
            "": self.global_qconfig,
            "object_type": list(self.object_type_qconfigs.items()),
            "module_name_regex": list(self.module_name_regex_qconfigs.items()),
            "module_name": list(self.module_name_qconfigs.items()),
            "module_name_object_type_order": [
                (*rule, qconfig) for rule, qconfig in self.module_name_object_type_order_qconfigs.items()
            ],
        }

    @classmethod
    def from_dict(cls, qconfig_dict: Mapping[str, Any]) -> QConfigMapping:
        """Make a mapping of what `to_dict` returns; every key may be missing, and a dictionary may stand for a list.

        Raises:
            ValueError: there is an unknown key.
        """
        unknown = [key for key in qconfig_dict if key not in _SETTERS]
        if unknown:
            raise ValueError(f"qconfig_dict: got key {unknown[0]!r}, expected some of {', '.join(map(repr, _SETTERS))}")
        mapping = cls().set_global(qconfig_dict.get(""))
        for key, setter in _SETTERS.items():
            rules = qconfig_dict.get(key) or () if key else ()
            for rule in rules.items() if isinstance(rules, Mapping) else rules:
                getattr(mapping, setter)(*rule)
        return mapping

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for name, rules in vars(self).items():
            lines.append(f" {name}")
            if isinstance(rules, OrderedDict) and rules:
                lines += [f"  {rule}: {qconfig}" for rule, qconfig in rules.items()]
            else:
                lines.append(f"  {rules}")
        return "\n".join([*lines, ")"])


def _reuses(qconfig: QConfigAny) -> bool:
    """Tell whether a QConfig reuses the input's qparams."""
    return isinstance(qconfig, QConfig) and getattr(qconfig.activation, "observer", qconfig.activation) is (
        ReuseInputObserver
    )
