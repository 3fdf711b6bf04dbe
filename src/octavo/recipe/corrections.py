"""Which corrections a recipe of static quantization asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from octavo.algorithms import BiasAbsorption, Equalization, LayerByLayer, ScaleMigration, UnevenRows, WideInputs
from octavo.graph import Correction, Prepared, Reparametrization
from octavo.graph.ir import Graph
from octavo.recipe.recipe import Recipe

REPARAMETRIZATIONS = ("equalization", "bias_absorption", "scale_migration", "scheme")
"""The fields of a recipe that `reparametrizations_of` looks at."""

ROUNDING_FIELDS = ("rounding", "bias_correction", "norm_reestimation")
"""The fields that only the last of `corrections_of` looks at, and only where it is applied."""


def corrections_of(recipe: Recipe) -> tuple[Callable[[Prepared], Correction], ...]:
    """Return what makes the corrections of a static recipe, in the order in which they are applied.

    The last of them rewrites the weights; those before it say which layers run in int8 at all.
    """
    rounding = partial(
        LayerByLayer,
        rounding=recipe.rounding,
        bias_correction=recipe.bias_correction,
        norm_reestimation=recipe.norm_reestimation,
        search_scales=recipe.weight_bits < 8 and recipe.weight_range is None and recipe.qconfig_mapping is None,
    )
    return WideInputs, UnevenRows, rounding


def reparametrizations_of(recipe: Recipe) -> tuple[Callable[[Graph], Reparametrization], ...]:
    """Return what makes the methods of a recipe that change float weights before ranges are observed, in order."""
    methods: list[Callable[[Graph], Reparametrization]] = [Equalization] if recipe.equalization else []
    if recipe.bias_absorption:
        methods.append(BiasAbsorption)
    if recipe.scale_migration:
        methods.append(partial(ScaleMigration, by_row=recipe.scheme == "dynamic"))
    return tuple(methods)
