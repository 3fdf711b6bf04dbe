"""From a float module to an int8 one in one call."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree as pytree

from octavo.algorithms import WideInputs
from octavo.graph import Conversion, has_statistics, quantize_dynamic, quantize_static
from octavo.graph.placement import LAYERS, TABLES
from octavo.graph.signature import Sample
from octavo.recipe.corrections import corrections_of, reparametrizations_of
from octavo.recipe.measure import Origin
from octavo.recipe.progress import Progress, choose
from octavo.recipe.quantized_model import QuantizedModel
from octavo.recipe.recipe import REMEDY, Recipe, RecipeError, mapping_of, resolve


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
    find the ranges of its activations, and converted; it is left as it was. Its weights are held once more in float
    while it runs, and what one layer needs while that is rounded.

    Args:
        model: a float32 module on the CPU.
        example_inputs: a tensor, a tuple of positional arguments or a dict of keyword arguments of its forward.
        calibration_data: any iterable of such inputs, without labels; sizes in which they differ become symbolic.
        recipe: `"auto"`, `"static"`, `"dynamic"` or a Recipe. Dynamic needs no data: linear and recurrent layers (LSTM,
            GRU, RNN) get int8 weights and quantize each row of their input as it arrives; attention and products of
            activations quantize both sides so; all else stays in float. Tables of embeddings have 8 bits in either.
            "auto" is static with calibration data, but for recurrent layers, and dynamic without. What multiplies an
            input that 8 bits cannot hold stays in float32, a static linear layer whose rows are too uneven for one
            range gives each its own, and the report says so. Static without data takes ranges and biases from what
            batch normalizations have learned, and rounds to nearest; the range of the model's input is then that of
            `example_inputs`.
        dynamic_shapes: as in `torch.export.export`, in place of what is found from the samples.
        progress: True shows a line on the terminal, None only where there is one; or a function that is called with
            how many steps are done and how many there are (None where it is not known): a sample is one, rounding
            a layer's weights another.

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
    mapping, methods = mapping_of(chosen), reparametrizations_of(chosen)
    if chosen.scheme == "dynamic":
        found = partial(WideInputs, made_up=calibration_data is None)
        conversion = quantize_dynamic(
            model, example_inputs, mapping, dynamic_shapes, calibration_data, (found,), methods
        )
        _check_dynamic(conversion, asked=recipe != "auto")
        return QuantizedModel.of(conversion, Origin(model, example_inputs, dynamic_shapes, mapping))
    if calibration_data is None:
        _check_can_be_drawn(model, example_inputs)
    conversion = quantize_static(
        model, example_inputs, calibration_data,
        qconfig_mapping=mapping, dynamic_shapes=dynamic_shapes, progress=choose(progress),
        corrections=corrections_of(chosen), reparametrizations=methods,
    )  # fmt: skip
    return QuantizedModel.of(conversion, Origin(model, example_inputs, dynamic_shapes, mapping))


def _check_can_be_drawn(model: nn.Module, example_inputs: Sample) -> None:
    """Refuse a model without batch normalization, and example inputs that have no range."""
    if not any(has_statistics(module) for module in model.modules()):
        raise RecipeError(
            "calibration_data: got none, but static quantization measures the ranges of activations on it, and "
            f"{type(model).__name__} has no batch normalization that would tell them. {REMEDY}"
        )
    tensors = [leaf for leaf in pytree.tree_leaves(example_inputs) if isinstance(leaf, Tensor)]
    if any(t.is_floating_point() and t.numel() and bool(t.min() == t.max()) for t in tensors):
        raise RecipeError(
            "example_inputs: got a tensor of one number alone, but without calibration data the range of the model's "
            "inputs is theirs. Remedy: pass an input such as the model will read"
        )


# Convolutions are few, as the one that cuts an image in tokens, where there are so many times as many other layers.
_FEW = 4


def _check_dynamic(conversion: Conversion, asked: bool) -> None:
    """Refuse what dynamic quantization does nothing for, or too little where nobody asked for it by name."""
    left = [layer.name for layer in conversion.layers if layer.type in LAYERS - {"linear"} and not layer.int8]
    done = [layer for layer in conversion.layers if layer.int8 and layer.type not in TABLES]
    if any(layer.int8 for layer in conversion.layers) and (asked or _FEW * len(left) <= len(done)):
        return
    several = f"{len(left)} convolutions ('{left[0]}', …)" if len(left) > 1 else f"the convolution '{''.join(left)}'"
    what = several if left else "all of this model"
    raise RecipeError(
        "calibration_data: got none, and without it only linear and recurrent layers can be quantized (dynamically): "
        f"{what} would stay in float. {REMEDY}" + ("" if asked else "; or recipe='dynamic' to have it so")
    )
