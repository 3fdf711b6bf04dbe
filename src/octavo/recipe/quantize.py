"""From a float module to an int8 one in one call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import nn

from octavo.algorithms import BiasCorrection
from octavo.graph import quantize_static
from octavo.graph.signature import Sample
from octavo.qconfig import QConfigMapping, default_static, min_max_static
from octavo.recipe.measure import Origin
from octavo.recipe.progress import Progress, choose
from octavo.recipe.quantized_model import QuantizedModel
from octavo.recipe.recipe import Recipe, resolve


def quantize(
    model: nn.Module,
    example_inputs: Sample,
    calibration_data: Iterable[Sample] | None = None,
    recipe: str | Recipe = "auto",
    dynamic_shapes: Any = None,
    progress: bool | Progress | None = None,
) -> QuantizedModel:
    """Quantize a float module to eight bits: real = scale · (q − zero_point).

    The module is captured with `torch.export` as it computes in evaluation mode, run on the calibration data to
    find the ranges of its activations, and converted; it is left as it was.

    Args:
        model: a float32 module on the CPU.
        example_inputs: a tensor, a tuple of positional arguments or a dict of keyword arguments of its forward.
        calibration_data: any iterable of such inputs, without labels; sizes in which they differ become symbolic.
        recipe: `"auto"`, `"static"` or a Recipe. This version has static quantization alone.
        dynamic_shapes: as in `torch.export.export`, in place of what is found from the samples.
        progress: True shows a line on the terminal, None only where there is one; or a function that is called with
            the number of samples done and of all samples (None where it is not known).

    Returns: a module that runs int8 and is called like `model`.

    Raises:
        RecipeError: there is no such recipe, or it needs calibration data.
        CaptureError: the module cannot be captured, or has an operator that cannot be expressed.
        CalibrationError: a sample does not fit the module, holds NaN or infinite values, or there is none.
        ConversionError: a layer cannot be converted; the message names it.

    Reference: Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference, CVPR 2018, equation 1.
    """
    chosen = resolve(recipe, calibration_data is not None)
    assert calibration_data is not None
    mapping = _mapping(chosen)
    conversion = quantize_static(
        model, example_inputs, calibration_data,
        qconfig_mapping=mapping, dynamic_shapes=dynamic_shapes, progress=choose(progress),
        corrections=(BiasCorrection,) if chosen.bias_correction else (),
    )  # fmt: skip
    return QuantizedModel.of(conversion, Origin(model, example_inputs, dynamic_shapes, mapping))


def _mapping(recipe: Recipe) -> QConfigMapping:
    presets = {"histogram": default_static, "min_max": min_max_static}
    return recipe.qconfig_mapping or presets[recipe.observer]()
