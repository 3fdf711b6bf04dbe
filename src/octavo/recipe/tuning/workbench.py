"""Makes int8 models of one float model, and keeps what they have in common."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from torch import Tensor, nn

from octavo import __version__
from octavo.algorithms import keep_in_float
from octavo.graph import Correction, Prepared, Steps, calibrate, capture, convert, correct, prepare, reparametrize
from octavo.graph.capture import Captured
from octavo.graph.freed_memory import hand_back
from octavo.graph.passes import run_passes
from octavo.graph.reparametrization import CorrectionWarning
from octavo.graph.signature import Sample
from octavo.recipe.corrections import REPARAMETRIZATIONS, ROUNDING_FIELDS, corrections_of, reparametrizations_of
from octavo.recipe.measure import Origin
from octavo.recipe.quantized_model import QuantizedModel
from octavo.recipe.recipe import Recipe, mapping_of
from octavo.recipe.tuning.samples import Samples

Told = Callable[[str, int, int | None], None]
"""Called with what is being done, how many steps of it are done, and how many there are where that is known."""

_LOOKED_AT = 8
# How many calibrated graphs are kept: that of the best recipe, mostly, and that of the one that is tried.
_CALIBRATED = 2

Key = TypeVar("Key")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Built:
    """A quantized graph, and the same with float weights.

    Args:
        exact: calibrated and placed, with the float weights and biases, which it computes from the model's own.
        rounded: with its weights rounded, a byte each: what is converted.
    """

    exact: Prepared
    rounded: Prepared


class Workbench:
    """Capture once, calibrate once for each kind of range, and make models from that.

    What is kept holds no float weights beside the model's: those of a graph are computed when they are read, and for a
    while where samples are run.

    Args:
        model: the float module.
        example_inputs: of its forward.
        samples: to calibrate and to measure on.
        dynamic_shapes: as in `torch.export.export`.
        told: hears of the progress.

    Raises:
        CaptureError, UnsupportedOperatorError: as `octavo.graph.capture`.
        CalibrationError: a sample does not fit the model, or holds NaN or infinite values.
    """

    def __init__(
        self, model: nn.Module, example_inputs: Sample, samples: Samples, dynamic_shapes: Any, told: Told
    ) -> None:
        self.model, self.example_inputs, self.samples = model, example_inputs, samples
        self.dynamic_shapes, self.told = dynamic_shapes, told
        told("capturing", 0, None)
        captured = capture(model, example_inputs, dynamic_shapes, samples.every[:_LOOKED_AT])
        self._captured = replace(captured, graph=run_passes(captured.graph))
        for index, sample in enumerate(samples.every):
            self._captured.signature.bind(sample, f"calibration sample {index}")
        self._reparametrized: OrderedDict[Recipe, Captured] = OrderedDict()
        self._calibrated: OrderedDict[Recipe, tuple[Prepared, list[Correction]]] = OrderedDict()
        self._built: OrderedDict[Recipe, Built] = OrderedDict()

    def bound(self) -> list[dict[str, Tensor]]:
        """Return the calibration samples as inputs of the graph, by name."""
        return [self._captured.signature.bind(sample, "sample") for sample in self.samples.calibration]

    def built(self, recipe: Recipe) -> Built:
        """Return the graph that a static recipe makes; the last one is kept."""
        return _kept(self._built, recipe, self._build, 1)

    def forget(self) -> None:
        """Give up the rounded weights of the last graph, before what needs memory."""
        self._built.clear()

    def quantized(self, prepared: Prepared, recipe: Recipe) -> QuantizedModel:
        """Convert a graph to a model."""
        origin = Origin(self.model, self.example_inputs, self.dynamic_shapes, mapping_of(recipe))
        return QuantizedModel.of(convert(prepared, f"octavo {__version__}"), origin)

    def of_program(self, program: Any, layers: Any, recipe: Recipe) -> QuantizedModel:
        """Return the model of a program that was made before."""
        origin = Origin(self.model, self.example_inputs, self.dynamic_shapes, mapping_of(recipe))
        graph = self._graph(recipe)
        origin = replace(origin, reparametrized=graph if graph.notes else None)
        return QuantizedModel(program, layers=layers, origin=origin, notes=graph.notes)

    def with_floats(self, recipe: Recipe, in_float: dict[str, str]) -> QuantizedModel:
        """Return the model of a recipe with some layers in float, each for a reason."""
        built = self.built(recipe)
        return self.quantized(keep_in_float(built.exact, built.rounded, in_float), recipe)

    def _build(self, recipe: Recipe) -> Built:
        # What the last correction makes of the weights asks nothing more of calibration than that of other recipes.
        key = replace(recipe, **{name: getattr(Recipe, name) for name in ROUNDING_FIELDS})
        prepared, corrections = _kept(self._calibrated, key, self._calibrate, _CALIBRATED)
        *placing, rounding = (
            watched.configured(**asked.keywords) if isinstance(asked, partial) else watched
            for watched, asked in zip(corrections, corrections_of(recipe), strict=True)
        )
        steps = Steps(lambda done, total: self.told("rounding weights", done, total), 0, rounding.steps)
        exact = correct(prepared, placing)
        return Built(exact, correct(exact, [rounding], steps.step))

    def _graph(self, recipe: Recipe) -> Captured:
        """Return the float graph, with the weights that a recipe gives it before ranges are observed."""
        if not reparametrizations_of(recipe):
            return self._captured
        # Which methods a recipe asks for, and nothing else of it.
        asked = Recipe(**{name: getattr(recipe, name) for name in REPARAMETRIZATIONS})
        return _kept(self._reparametrized, asked, self._reparametrize, 1)

    def _reparametrize(self, recipe: Recipe) -> Captured:
        samples = self.samples.calibration
        steps = Steps(lambda done, total: self.told("scaling weights", done, total), len(samples))
        with warnings.catch_warnings():  # nobody has asked for the methods by name; the notes say what they did
            warnings.simplefilter("ignore", CorrectionWarning)
            return reparametrize(self._captured, reparametrizations_of(recipe), samples, steps.step)

    def _calibrate(self, recipe: Recipe) -> tuple[Prepared, list[Correction]]:
        prepared = prepare(self._graph(recipe), mapping_of(recipe))
        hand_back()
        corrections = [make(prepared) for make in corrections_of(recipe)]
        samples = self.samples.calibration
        calibrate(
            prepared, samples, lambda done, _: self.told("calibrating", done, len(samples)),
            watchers=[correction.watch for correction in corrections],
        )  # fmt: skip
        hand_back()
        return prepared, corrections


def _kept(cache: OrderedDict[Key, Made], key: Key, make: Callable[[Key], Made], most: int) -> Made:
    """Return what is in a cache of the last few, or make it."""
    if key not in cache:
        while len(cache) >= most:
            cache.popitem(last=False)
        cache[key] = make(key)
    cache.move_to_end(key)
    return cache[key]
