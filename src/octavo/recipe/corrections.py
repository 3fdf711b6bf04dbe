"""Which corrections a recipe of static quantization asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from octavo.algorithms import LayerByLayer, UnevenRows, WideInputs
from octavo.graph import Correction, Prepared
from octavo.recipe.recipe import Recipe


def corrections_of(recipe: Recipe) -> tuple[Callable[[Prepared], Correction], ...]:
    """Return what makes the corrections of a static recipe, in the order in which they are applied.

    The last of them rewrites the weights; those before it say which layers run in int8 at all.
    """
    rounding = partial(LayerByLayer, rounding=recipe.rounding, bias_correction=recipe.bias_correction)
    return WideInputs, UnevenRows, rounding
