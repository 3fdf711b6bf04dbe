"""Whether a model can be converted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from octavo.eager.errors import AlreadyConvertedError, NotCalibratedError, NotPreparedError, listed
from octavo.eager.module_classes import no_observer_set
from octavo.eager.tree import join, observer_of, qconfig_of
from octavo.nn.errors import QuantizationError
from octavo.nn.float_functional import FloatFunctional
from octavo.nn.module import QuantizedModule
from octavo.nn.observed import has_qparams
from octavo.nn.output import QuantizedOutput
from octavo.nn.stubs import QuantStub
from octavo.observers import NoopObserver


def check_convertible(model: nn.Module, chosen: Sequence[tuple[str, nn.Module, Any]]) -> None:
    """Refuse a model that was not prepared, not calibrated, or is converted already.

    Args:
        model: with what stays in float.
        chosen: full name, module and the class that takes its place.

    Raises:
        AlreadyConvertedError, NotPreparedError, NotCalibratedError: see there.
    """
    if not chosen:
        _refuse_nothing(model)
    # Only a class whose output has 8 bits asks for the range of it.
    observed = [
        (name, mod) for name, mod, target in chosen if isinstance(target, type) and issubclass(target, QuantizedOutput)
    ]
    observed += [part for name, mod, _ in chosen for part in _parts(name, mod)]
    bare = [name for name, module in observed if observer_of(module) is None]
    if bare:
        raise NotPreparedError(
            f"convert: {listed(bare)} have a qconfig, but no observer on their output. Remedy: call prepare (or "
            "prepare_qat) after setting the qconfig, run data through the model it returns, and convert that"
        )
    unseen = [name for name, module in observed if _saw_nothing(module)]
    if unseen:
        raise NotCalibratedError(
            f"convert: the observers of {listed(unseen)} have seen no tensor, so there is no range to quantize with. "
            "Remedy: run calibration data through the prepared model before convert (one batch is enough where a "
            "state_dict is loaded afterwards); set the qconfig of a module that never runs to None"
        )


def _parts(name: str, module: nn.Module) -> list[tuple[str, nn.Module]]:
    """List what is observed within a module that is quantized part by part."""
    if not isinstance(module, tuple(no_observer_set())):
        return []
    parts = [(join(name, path), part) for path, part in module.named_modules() if qconfig_of(part) is not None]
    return [(path, part) for path, part in parts if isinstance(part, (nn.Linear, QuantStub))]


def _saw_nothing(module: nn.Module) -> bool:
    observer = observer_of(module)
    # A FloatFunctional may be there for nothing, as in blocks without a shortcut; it complains when it is used.
    return (
        not isinstance(module, FloatFunctional) and not isinstance(observer, NoopObserver) and not has_qparams(observer)
    )


def _refuse_nothing(model: nn.Module) -> None:
    done = [name for name, module in model.named_modules() if isinstance(module, (QuantizedModule, QuantizedOutput))]
    if done:
        raise AlreadyConvertedError(
            f"convert: the model is converted already: {listed(done, 3)} compute in 8 bits, and nothing is left to "
            "convert. Remedy: use the model as it is; to convert anew, start from the prepared float model"
        )
    raise NotPreparedError(
        f"convert: no module of this {type(model).__name__} was prepared. Remedy: set its qconfig, call prepare (or "
        "prepare_qat), run data through the model it returns, and convert that"
    )


def refuse_replacing(model: nn.Module, replaced: bool, inplace: bool, function: str) -> None:
    """Refuse to change a model in place that is itself a layer to be replaced."""
    if replaced and inplace:
        raise QuantizationError(
            f"{function}: the model itself is a {type(model).__name__}, which nothing can take the place of in place. "
            f"Remedy: leave out inplace=True and use the module that {function} returns"
        )
