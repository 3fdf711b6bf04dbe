"""The order in which tuning climbs its steps."""

from __future__ import annotations

from octavo.recipe.tuning.mixed_step import Cost, MixedPrecision
from octavo.recipe.tuning.steps import CORRECTIONS, QUANTIZE, RANGES, ROUNDING, Profile, Step


def steps_for(cost: Cost = "layers") -> tuple[Step, ...]:
    """Return the steps, what costs least first; a further method is one more entry.

    Args:
        cost: what layers in float are chosen by, see `MixedPrecision`.
    """
    return Profile(), QUANTIZE, CORRECTIONS, RANGES, ROUNDING, MixedPrecision(cost)


STEPS = steps_for()
"""What is tried where nothing else is asked for."""
