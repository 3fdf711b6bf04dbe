"""The order in which tuning climbs its steps."""

from __future__ import annotations

from octavo.recipe.tuning.finetune_step import Finetune
from octavo.recipe.tuning.mixed_step import Cost, MixedPrecision
from octavo.recipe.tuning.steps import CORRECTIONS, LEARNED, QUANTIZE, RANGES, ROUNDING, Profile, Step


def steps_for(cost: Cost = "layers") -> tuple[Step, ...]:
    """Return the steps, what costs least first; a further method is one more entry.

    After rounding the recipe is that of `octavo.quantize` unless something less did as well, so that other ranges have
    to be better than what it finds. Rounding that is learned takes minutes, so layers in float are looked for before
    it, and after it once more. What is trained comes last.

    Args:
        cost: what layers in float are chosen by, see `MixedPrecision`.
    """
    mixed = MixedPrecision(cost)
    return Profile(), QUANTIZE, CORRECTIONS, ROUNDING, RANGES, mixed, LEARNED, mixed, Finetune()


STEPS = steps_for()
"""What is tried where nothing else is asked for."""
