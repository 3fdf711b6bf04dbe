"""Prepare, run and convert in one call."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from octavo.eager.convert import convert
from octavo.eager.prepare import prepare, prepare_qat


def quantize(
    model: nn.Module,
    run_fn: Callable[..., Any],
    run_args: Sequence[Any],
    mapping: Mapping[Any, Any] | None = None,
    inplace: bool = False,
) -> nn.Module:
    """Calibrate a float model and convert it to 8 bits.

    Args:
        model: float, with a qconfig; it is put in evaluation mode.
        run_fn: called as `run_fn(prepared, *run_args)`; runs calibration data through the prepared model.
        run_args: what run_fn takes.
        mapping: see `convert`.
        inplace: whether to change the model itself instead of a copy.

    Returns: the model in 8 bits; raises as `prepare` and `convert`.
    """
    model = model if inplace else copy.deepcopy(model)
    prepared = prepare(model.eval(), inplace=True)
    run_fn(prepared, *run_args)
    return convert(prepared, mapping, inplace=True)


def quantize_qat(
    model: nn.Module, run_fn: Callable[..., Any], run_args: Sequence[Any], inplace: bool = False
) -> nn.Module:
    """Train a float model for 8 bits and convert it.

    Args:
        model: float, with a qconfig of fake-quantize modules; it is put in training mode.
        run_fn: called as `run_fn(prepared, *run_args)`; trains the prepared model.
        run_args: what run_fn takes.
        inplace: whether to change the model itself instead of a copy.

    Returns: the model in 8 bits; raises as `prepare_qat` and `convert`.
    """
    model = model if inplace else copy.deepcopy(model)
    prepared = prepare_qat(model.train(), inplace=True)
    run_fn(prepared, *run_args)
    return convert(prepared, inplace=True)


def default_eval_fn(model: nn.Module, calib_data: Iterable[tuple[Any, Any]]) -> None:
    """Run a model on the inputs of (input, target) pairs."""
    for data, _ in calib_data:
        model(data)
