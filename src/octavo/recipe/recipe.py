"""Which scheme a model is quantized with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from octavo.algorithms import Rounding
from octavo.graph.placement import TABLES
from octavo.graph.recurrent import RECURRENT
from octavo.observers import ObserverFactory, default_dynamic_quant_observer
from octavo.program import OctavoError
from octavo.qconfig import QConfig, QConfigMapping, default_static, float_qparams_weight_only_qconfig, weight_factory

Observer = Literal["histogram", "min_max", "percentile", "entropy", "saturation"]
Scheme = Literal["static", "dynamic"]
WeightBits = Literal[4, 8]
WeightRange = Literal["min_max", "squared_error"]
NAMES = ("auto", "static", "dynamic")
_NEED_DATA = ("equalization", "bias_absorption", "scale_migration", "norm_reestimation")

REMEDY = (
    "Remedy: pass an iterable of inputs like example_inputs (tensors, tuples or dicts of tensors; some 100 samples "
    "from the training set, without labels); where there is none and the model has batch normalization, "
    "recipe='static' goes by that, or octavo.distilled_data(model, example_inputs) makes some"
)


class RecipeError(OctavoError, ValueError):
    """A recipe is unknown, or lacks what it needs."""


@dataclass(frozen=True)
class Recipe:
    """Says how a model is quantized.

    Args:
        observer: how the range of an activation is estimated: `"histogram"` searches the range of least squared
            error, `"min_max"` takes the range seen, `"percentile"` all but the outermost 0.01 %, `"entropy"` that
            of least Kullback-Leibler divergence, `"saturation"` the best of those that grow from the most frequent
            value. Not looked at where `qconfig_mapping` is given.
        bias_correction: whether the bias of each layer takes back what rounding its weights shifts.
        norm_reestimation: whether weights and biases then give each channel the mean and the deviation that it has in
            float, as far as the calibration samples agree on the difference.
        rounding: of weights, where there is calibration data: `"gptq"` and `"adaround"` so that the layer's output
            changes least, the second by gradient descent, which takes minutes, as does `"brecq"`, so that the output of
            each residual block changes least; `"nearest"` each number on its own. Recurrent
            layers know the first way and the last.
        equalization: whether channels between two layers are scaled so that both layers' weights have one range in
            each: for weights with a range for all channels, whose accuracy it can save. What the network computes in
            float stays, but for ReLU6, see the report.
        bias_absorption: whether what a channel behind a ReLU never falls below moves to the biases of the layers that
            read it: for what equalization makes of channels with large biases.
        scale_migration: whether features that are large in every row are scaled down before linear layers, and up in
            their weights, where that makes what the layers give more accurate (SmoothQuant): for transformers that
            normalize before their layers.
        qconfig_mapping: a QConfig for each layer; None where one serves all.
        scheme: `"static"` finds the ranges of activations beforehand, on calibration data, or without any from what
            batch normalizations have learned; `"dynamic"` finds them as values arrive, for linear and recurrent layers,
            and needs no data.
        recurrent: the scheme of recurrent layers; None: as `scheme`. `"dynamic"` is more accurate and as fast. Not
            looked at where `qconfig_mapping` is given.
        weight_bits: of the weights of convolutions, linear and recurrent layers. Of 4 the integers are in [−7, 7]; in
            this version they still take a byte each in the file and in memory, and run as fast as 8: it tells what 4
            bits cost in accuracy. Tables of embeddings keep 8. Not looked at where `qconfig_mapping` is given.
        weight_range: which numbers of a channel its weight's integers reach: `"min_max"` all, `"squared_error"` those
            that leave the least squared error; None: all of 8 bits, and of 4 the latter, around which GPTQ looks for
            that of the least error of the layer's output. Not looked at where `qconfig_mapping` is given.
    """

    observer: Observer = "histogram"
    bias_correction: bool = True
    norm_reestimation: bool = False
    rounding: Rounding = "gptq"
    equalization: bool = False
    bias_absorption: bool = False
    scale_migration: bool = False
    qconfig_mapping: QConfigMapping | None = None
    scheme: Scheme = "static"
    recurrent: Scheme | None = None
    weight_bits: WeightBits = 8
    weight_range: WeightRange | None = None

    def __post_init__(self) -> None:
        if self.observer not in get_args(Observer):
            raise RecipeError(f"observer: got {self.observer!r}, expected one of {', '.join(get_args(Observer))}")
        if self.rounding not in get_args(Rounding):
            raise RecipeError(f"rounding: got {self.rounding!r}, expected one of {', '.join(get_args(Rounding))}")
        if self.scheme not in get_args(Scheme):
            raise RecipeError(f"scheme: got {self.scheme!r}, expected one of {', '.join(get_args(Scheme))}")
        if self.recurrent not in (None, "dynamic", self.scheme):
            raise RecipeError(
                f"recurrent: got {self.recurrent!r}, expected None or 'dynamic' with scheme={self.scheme!r}"
            )
        if self.weight_bits not in get_args(WeightBits):
            raise RecipeError(f"weight_bits: got {self.weight_bits!r}, expected one of 4, 8")
        if self.weight_range not in (None, *get_args(WeightRange)):
            raise RecipeError(
                f"weight_range: got {self.weight_range!r}, expected None or one of {', '.join(get_args(WeightRange))}"
            )

    def described(self) -> dict[str, Any]:
        """Return its fields as plain data that JSON can hold; a mapping of QConfigs as its text."""
        fields = asdict(replace(self, qconfig_mapping=None))
        if self.qconfig_mapping is not None:
            fields["qconfig_mapping"] = repr(self.qconfig_mapping)
        return fields


def resolve(recipe: str | Recipe, has_calibration_data: bool) -> Recipe:
    """Return the recipe that a name stands for.

    Args:
        recipe: `"auto"`, `"static"`, `"dynamic"` or a Recipe; "auto" is static where there is data, else dynamic, and
            dynamic for recurrent layers. "static" without data takes all of the range that is drawn.
        has_calibration_data: whether there is data to calibrate on.

    Raises:
        RecipeError: there is no such recipe, or it has a method that goes by samples, and there are none.
    """
    if not isinstance(recipe, Recipe) and recipe not in NAMES:
        raise RecipeError(
            f"recipe: got {recipe!r}, expected {', '.join(map(repr, NAMES))} or an octavo.Recipe (the recipes of "
            "this version)"
        )
    if isinstance(recipe, Recipe):
        chosen = recipe
    elif recipe == "static" and not has_calibration_data:
        chosen = Recipe(observer="min_max")  # what is drawn has no outliers
    else:
        dynamic = recipe == "dynamic" or (recipe == "auto" and not has_calibration_data)
        chosen = Recipe(scheme="dynamic" if dynamic else "static", recurrent="dynamic" if recipe == "auto" else None)
    if chosen.scheme == "static" and not has_calibration_data:
        return _without_data(chosen)
    return chosen


def _without_data(recipe: Recipe) -> Recipe:
    """Return a static recipe that looks at no sample; refuse one that has to."""
    asked = [name for name in _NEED_DATA if getattr(recipe, name)]
    if recipe.rounding not in ("gptq", "nearest"):
        asked.append(f"rounding={recipe.rounding!r}")
    if asked:
        raise RecipeError(f"calibration_data: got none, but {', '.join(asked)} goes by samples. {REMEDY}")
    return replace(recipe, rounding="nearest")


def mapping_of(recipe: Recipe) -> QConfigMapping:
    """Return the QConfig that a recipe gives each layer."""
    if recipe.qconfig_mapping is not None:
        return recipe.qconfig_mapping
    weight = _weight_observer(recipe)
    dynamic = QConfig(default_dynamic_quant_observer, weight)
    if recipe.scheme == "dynamic":
        mapping = QConfigMapping().set_global(dynamic)
    else:
        mapping = default_static(recipe.observer, weight)
        for kind in sorted(RECURRENT) if recipe.recurrent == "dynamic" else ():
            mapping.set_object_type(kind, dynamic)
    for kind in sorted(TABLES):
        mapping.set_object_type(kind, float_qparams_weight_only_qconfig)
    return mapping


def _weight_observer(recipe: Recipe) -> ObserverFactory:
    chosen = recipe.weight_range or ("squared_error" if recipe.weight_bits < 8 else "min_max")
    return weight_factory(chosen, recipe.weight_bits)
