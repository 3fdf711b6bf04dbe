"""The steps of tuning: what is tried, from what costs least to what costs most."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from octavo.recipe.quantized_model import QuantizedModel
from octavo.recipe.recipe import Recipe
from octavo.recipe.tuning.climb import Climb
from octavo.recipe.tuning.trial import FLOAT
from octavo.recipe.tuning.workbench import Workbench

_OF_QCONFIGS = frozenset({"observer", "weight_range", "weight_bits", "recurrent"})
"""Fields of a recipe that are not looked at where it has a mapping of QConfigs."""


class Step(ABC):
    """One step of the climb: it tries models, each with `Climb.attempt`, and may look at what they gave.

    Attributes:
        name: what it is called in the table.
    """

    name: str

    @abstractmethod
    def run(self, climb: Climb) -> None:
        """Try what this step has; it may end once `climb.reached`."""


@dataclass(frozen=True)
class Try:
    """A change of the best recipe so far.

    Args:
        name: what is new, in a few words.
        changes: field of `Recipe` to its value.
    """

    name: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Profile(Step):
    """Measure the float model: its accuracy, which the goal counts from, its size and its speed."""

    name: str = FLOAT

    def run(self, climb: Climb) -> None:
        """Measure."""
        climb.profile()


@dataclass(frozen=True)
class Recipes(Step):
    """Change the best recipe so far in several ways; the better one is what later steps change.

    Args:
        name: of the step.
        tries: each is a change of the recipe that is best when it is its turn.
    """

    name: str
    tries: tuple[Try, ...] = field(default=())

    def run(self, climb: Climb) -> None:
        """Try each, until the goal is reached."""
        for change in self.tries:
            if climb.recipe.qconfig_mapping is not None and _OF_QCONFIGS.issuperset(change.changes):
                continue
            recipe = replace(climb.recipe, **change.changes)
            climb.attempt(self.name, change.name, recipe, partial(_make, climb.bench, recipe))
            if climb.reached:
                return


def _make(bench: Workbench, recipe: Recipe) -> QuantizedModel:
    return bench.quantized(bench.built(recipe).rounded, recipe)


PLAIN = {"observer": "histogram", "rounding": "nearest", "bias_correction": False, "norm_reestimation": False}
"""A recipe without any method."""

QUANTIZE = Recipes(
    "quantize",
    (Try("as it is", PLAIN),),
)
CORRECTIONS = Recipes("corrections", (Try("bias correction", {"bias_correction": True}),))
SCALING = Recipes(
    "scaling",
    (
        Try("cross-layer equalization", {"equalization": True, "bias_absorption": True}),
        Try("scale migration", {"scale_migration": True}),
    ),
)
"""Not among `STEPS`: what these scale is clipped elsewhere on inputs that go further than the calibration data. For
weights with one range for all channels, and for transformers with outlier features: `steps=(*STEPS, SCALING)`."""
RANGES = Recipes(
    "ranges",
    (
        Try("all that was seen", {"observer": "min_max"}),
        Try("99.99th percentile", {"observer": "percentile"}),
        Try("least KL divergence", {"observer": "entropy"}),
        Try("saturation error", {"observer": "saturation"}),
        Try("weights of least squared error", {"weight_range": "squared_error"}),
    ),
)
ROUNDING = Recipes(
    "rounding",
    (
        Try("GPTQ", {"rounding": "gptq"}),
        # What it undoes depends on how weights are rounded.
        Try("batch norm re-estimation", {"norm_reestimation": True}),
    ),
)
LEARNED = Recipes("learned rounding", (Try("AdaRound", {"rounding": "adaround"}), Try("BRECQ", {"rounding": "brecq"})))
