"""Front door 2: a whole model captured with torch.export, rewritten, calibrated and converted to a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import replace
from itertools import chain, islice
from typing import Any

import torch
from torch import nn

from octavo import __version__
from octavo.graph.assemble import assemble
from octavo.graph.calibrate import Progress, calibrate
from octavo.graph.capture import Captured, capture
from octavo.graph.convert import Conversion, Layer, convert
from octavo.graph.correction import Correction, Steps, correct
from octavo.graph.drawn import DRAWS, draw_norms, has_statistics
from octavo.graph.errors import (
    CalibrationError,
    CaptureError,
    CaptureWarning,
    ConversionError,
    UnsupportedOperator,
    UnsupportedOperatorError,
)
from octavo.graph.freed_memory import hand_back
from octavo.graph.fused_model import FusedModel
from octavo.graph.ir import Graph
from octavo.graph.prepare import Prepared, prepare
from octavo.graph.prepared_model import PreparedModel, TrainedModel
from octavo.graph.reparametrization import CorrectionWarning, Reparametrization, reparametrize
from octavo.graph.signature import Sample, lasting
from octavo.qconfig import QConfigMapping

__all__ = [
    "CalibrationError",
    "CaptureError",
    "CaptureWarning",
    "Captured",
    "Conversion",
    "ConversionError",
    "Correction",
    "CorrectionWarning",
    "FusedModel",
    "Layer",
    "Prepared",
    "PreparedModel",
    "Reparametrization",
    "Steps",
    "TrainedModel",
    "UnsupportedOperator",
    "UnsupportedOperatorError",
    "assemble",
    "calibrate",
    "capture",
    "convert",
    "correct",
    "has_statistics",
    "prepare",
    "quantize_dynamic",
    "quantize_static",
    "reparametrize",
]

# How many samples are looked at for axes whose size varies, before anything is captured.
_LOOKED_AT = 8


def quantize_static(
    model: nn.Module,
    example_inputs: Sample,
    calibration_data: Iterable[Sample] | None,
    qconfig_mapping: QConfigMapping | None = None,
    dynamic_shapes: Any = None,
    progress: Progress | None = None,
    corrections: Sequence[Callable[[Prepared], Correction]] = (),
    reparametrizations: Sequence[Callable[[Graph], Reparametrization]] = (),
) -> Conversion:
    """Capture, prepare, calibrate and convert a model.

    Args:
        model: a float32 module on the CPU; left as it was.
        example_inputs: a tensor, a tuple of positional or a dict of keyword arguments.
        calibration_data: any iterable of such inputs; None for what batch normalizations tell, see `draw_norms`.
        qconfig_mapping: which QConfig each layer gets; None for the default of static quantization.
        dynamic_shapes: as in `torch.export.export`; None to find them from the samples.
        progress: called after each step with how many are done and how many there are, where that is known: a
            sample is one, and so is a layer that a correction works on.
        corrections: methods that watch the calibration and then change the graph, applied in order.
        reparametrizations: methods that change the float graph's weights before, applied in order; each goes through
            the data once, so that data which can be gone through but once is kept in memory. None without data.

    Returns: the program and a record of each layer.

    Raises:
        CaptureError, UnsupportedOperatorError, CalibrationError, ConversionError: see `capture` to `convert`.
    """
    if calibration_data is None:
        captured = capture(model, example_inputs, dynamic_shapes)
        prepared = prepare(captured, qconfig_mapping)
        drawn = draw_norms(prepared, captured.graph, model)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return _corrected(prepared, [example_inputs] * DRAWS, corrections, Steps(progress, DRAWS), drawn)
    if reparametrizations and iter(calibration_data) is calibration_data:
        calibration_data = list(lasting(calibration_data))
    total = len(calibration_data) if isinstance(calibration_data, Sized) else None
    told = Steps(progress, total, passes=1 + len(reparametrizations))
    iterator = iter(lasting(calibration_data))
    first = list(islice(iterator, _LOOKED_AT))
    if not first:
        raise CalibrationError("there is no calibration data: the iterable gave no sample; pass at least one")
    captured = capture(model, example_inputs, dynamic_shapes, first)
    captured = reparametrize(captured, reparametrizations, calibration_data, told.step)
    prepared = prepare(captured, qconfig_mapping)
    hand_back()
    return _corrected(prepared, chain(first, iterator), corrections, told)


def quantize_dynamic(
    model: nn.Module,
    example_inputs: Sample,
    qconfig_mapping: QConfigMapping,
    dynamic_shapes: Any = None,
    calibration_data: Iterable[Sample] | None = None,
    corrections: Sequence[Callable[[Prepared], Correction]] = (),
    reparametrizations: Sequence[Callable[[Graph], Reparametrization]] = (),
) -> Conversion:
    """Capture and convert a model whose layers quantize their inputs as they arrive; no data is needed.

    Args:
        model, example_inputs, dynamic_shapes: as for `quantize_static`.
        qconfig_mapping: dynamic QConfigs alone, `per_channel_dynamic_qconfig` and the like.
        calibration_data: what the corrections watch, its first samples; None for the example inputs.
        corrections, reparametrizations: as for `quantize_static`; the latter watch what the corrections do, but never
            the example inputs.

    Returns: the program and a record of each layer.

    Raises:
        CaptureError, UnsupportedOperatorError, ConversionError: see `capture` to `convert`.
        CalibrationError: a layer's QConfig is static.
    """
    watched = list(islice(lasting(calibration_data), _LOOKED_AT)) if calibration_data is not None else []
    captured = reparametrize(capture(model, example_inputs, dynamic_shapes, watched), reparametrizations, watched)
    prepared = prepare(captured, qconfig_mapping)
    return _corrected(prepared, (watched or [example_inputs]) if corrections else (), corrections, Steps(None, None))


def _corrected(
    prepared: Prepared,
    samples: Iterable[Sample],
    corrections: Sequence[Callable[[Prepared], Correction]],
    told: Steps,
    drawn: Prepared | None = None,
) -> Conversion:
    """Calibrate, or `drawn` in its place, where there is something to see, then correct and convert."""
    active = [correction(prepared) for correction in corrections]
    told.more = sum(correction.steps for correction in active)
    if samples:
        watchers = [correction.watch for correction in active]
        shown = calibrate(drawn or prepared, samples, lambda *_: told.step(), watchers=watchers)
        prepared = replace(prepared, samples=shown.samples, notes=shown.notes)
    told.samples = prepared.samples
    hand_back()
    return convert(correct(prepared, active, told.step), f"octavo {__version__}")
