"""Find by trying how a model is best quantized: the steps, what is measured, and the journal that keeps it."""

from octavo.recipe.tuning.finetune_step import Finetune
from octavo.recipe.tuning.goal import Goal
from octavo.recipe.tuning.journal import JournalError
from octavo.recipe.tuning.ladder import STEPS, steps_for
from octavo.recipe.tuning.measuring import EvaluationError
from octavo.recipe.tuning.mixed_step import MixedPrecision
from octavo.recipe.tuning.samples import TuningWarning
from octavo.recipe.tuning.steps import (
    CORRECTIONS,
    LEARNED,
    QUANTIZE,
    RANGES,
    ROUNDING,
    SCALING,
    Profile,
    Recipes,
    Step,
    Try,
)
from octavo.recipe.tuning.trial import Trial
from octavo.recipe.tuning.tuned import TunedModel

__all__ = [
    "CORRECTIONS",
    "LEARNED",
    "QUANTIZE",
    "RANGES",
    "ROUNDING",
    "SCALING",
    "STEPS",
    "EvaluationError",
    "Finetune",
    "Goal",
    "JournalError",
    "MixedPrecision",
    "Profile",
    "Recipes",
    "Step",
    "Trial",
    "Try",
    "TunedModel",
    "TuningWarning",
    "steps_for",
]
