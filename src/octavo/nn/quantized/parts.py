"""Modules that are quantized part by part."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from octavo.nn.float_functional import FloatFunctional, QFunctional
from octavo.nn.module import QuantizedModule
from octavo.nn.quantized.linear import Linear
from octavo.nn.stubs import DeQuantize, DeQuantStub, Quantize, QuantStub

_FORMS: tuple[tuple[type[nn.Module], Any], ...] = (
    (nn.Linear, Linear),
    (FloatFunctional, QFunctional),
    (QuantStub, Quantize),
    (DeQuantStub, DeQuantize),
)


def parts_converted(observed: nn.Module) -> Any:
    """Return a copy of a module whose observed parts compute in 8 bits; the module itself stays as it was.

    Raises:
        QuantizationError: a part was not prepared.
        RuntimeError: a part's observer has seen nothing.
    """
    model = copy.deepcopy(observed)
    name = getattr(observed, "name", "")
    for path, part in list(model.named_modules()):
        form = next((form for kind, form in _FORMS if isinstance(part, kind)), None)
        if form is None or getattr(part, "qconfig", None) is None:
            continue
        part.name = f"{name}.{path}" if name else path  # type: ignore[assignment]
        new = form.from_float(part)
        new.name, new.training = part.name, part.training
        if isinstance(new, QuantizedModule):
            new.take_border(part)
        model.set_submodule(path, new)
    return model
