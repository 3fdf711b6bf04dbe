"""Graph mode by the names that old code calls: prepare_fx, calibrate or train, convert_fx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from octavo import __version__
from octavo.graph import CalibrationError, FusedModel, PreparedModel, TrainedModel, capture, convert, prepare
from octavo.graph.signature import Sample
from octavo.qconfig import QConfigMapping
from octavo.recipe.measure import Origin
from octavo.recipe.quantized_model import QuantizedModel

_CUSTOM = {"preserved_attributes": [], "layerwise": True}
"""What a custom config may hold, with its default."""


def prepare_fx(
    model: nn.Module,
    qconfig_mapping: QConfigMapping | Mapping[str, Any] | None,
    example_inputs: Sample,
    prepare_custom_config: Mapping[str, Any] | None = None,
    _equalization_config: Any = None,
    backend_config: Any = None,
    dynamic_shapes: Any = None,
) -> PreparedModel:
    """Capture a model and put observers where it will have 8 bits; then call it on calibration data, then `convert_fx`.

    Each layer's output is rounded on its own, as in eager mode: the integers are the same.

    Args:
        model: float32, on the CPU, in evaluation mode; left as it was.
        qconfig_mapping: a QConfigMapping, or a dictionary `{"": qconfig, "object_type": […], "module_name": […]}`; None
            keeps all of it in float.
        example_inputs: a tensor, a tuple of positional or a dict of keyword arguments; axis 0 of each may vary.
        prepare_custom_config: `preserved_attributes` names attributes of the model to copy; `layerwise=False` rounds
            only where it must, which is faster and more accurate (`octavo.quantize` does so).
        dynamic_shapes: as in `torch.export.export`, where more sizes vary.

    Returns: a module that is called like the model; its observers watch.

    Raises:
        ValueError: the model is in training mode, or a setting is not known.
        CaptureError, UnsupportedOperatorError, ConversionError: see `octavo.graph.capture` and `prepare`.
    """
    _check_none("prepare_fx", _equalization_config=_equalization_config, backend_config=backend_config)
    _check_evaluates("prepare_fx", model)
    custom = _custom("prepare_custom_config", prepare_custom_config)
    mapping = mapping_of(qconfig_mapping)
    model = model.model if isinstance(model, FusedModel) else model
    captured = capture(model, example_inputs, dynamic_shapes)
    prepared = PreparedModel(prepare(captured, mapping, custom["layerwise"]))
    prepared.origin = Origin(model, example_inputs, dynamic_shapes, mapping, custom["layerwise"])
    _preserve(model, prepared, custom["preserved_attributes"])
    return prepared.eval()


def prepare_qat_fx(
    model: nn.Module,
    qconfig_mapping: QConfigMapping | Mapping[str, Any] | None,
    example_inputs: Sample,
    prepare_custom_config: Mapping[str, Any] | None = None,
    backend_config: Any = None,
    dynamic_shapes: Any = None,
) -> TrainedModel:
    """Capture a model and put fake-quantize modules where it will have 8 bits; then train it, then `convert_fx`.

    Batch norm is folded into the weight before that is rounded, with the running statistics, and normalizes with the
    batch's own in training; `model.apply(freeze_bn_stats)` holds it still.

    Args:
        model: float32, on the CPU; left as it was. What comes back has its mode.
        qconfig_mapping: as for `prepare_fx`, of fake-quantize modules: `get_default_qat_qconfig_mapping()`.
        example_inputs, prepare_custom_config, dynamic_shapes: as for `prepare_fx`.

    Returns: a module that is called like the model and can be trained, on any device.

    Raises:
        ValueError: a setting is not known.
        CaptureError, UnsupportedOperatorError, ConversionError: see `octavo.graph.capture` and `prepare`.

    Reference: Jacob et al. 2018, arXiv:1712.05877, section 3.2; Krishnamoorthi 2018, arXiv:1806.08342, section 3.2.2.
    """
    _check_none("prepare_qat_fx", backend_config=backend_config)
    custom = _custom("prepare_custom_config", prepare_custom_config)
    captured = capture(model, example_inputs, dynamic_shapes, training=True)
    prepared = prepare(captured, mapping_of(qconfig_mapping), custom["layerwise"], training=True)
    still = [parameter for parameter in model.parameters() if not parameter.requires_grad]
    trained = TrainedModel(prepared, {tensor.data_ptr() for tensor in (*still, *model.buffers())})
    _preserve(model, trained, custom["preserved_attributes"])
    return trained.train(model.training)


def convert_fx(
    graph_module: nn.Module,
    convert_custom_config: Mapping[str, Any] | None = None,
    _remove_qconfig: bool = True,
    qconfig_mapping: Any = None,
    backend_config: Any = None,
) -> QuantizedModel:
    """Convert a prepared model to an int8 program.

    Args:
        graph_module: of `prepare_fx`, called on calibration data, or of `prepare_qat_fx`, trained; not changed.
        convert_custom_config: `preserved_attributes`, as for `prepare_fx`.
        _remove_qconfig: without meaning here.

    Returns: a module that runs int8 and is called like the model.

    Raises:
        TypeError: the model was not prepared in graph mode, or is converted already.
        CalibrationError: an observer has seen nothing.
        ConversionError: a layer cannot be converted.
    """
    _check_none("convert_fx", qconfig_mapping=qconfig_mapping, backend_config=backend_config)
    if not isinstance(graph_module, PreparedModel):
        already = isinstance(graph_module, QuantizedModel)
        raise TypeError(
            f"convert_fx: got a {type(graph_module).__name__}"
            + (", which is converted already" if already else ", expected what prepare_fx or prepare_qat_fx returned")
        )
    custom = _custom("convert_custom_config", convert_custom_config)
    try:
        conversion = convert(graph_module.prepared(), f"octavo {__version__}")
    except RuntimeError as error:
        raise CalibrationError(f"convert_fx: {error}") from error
    quantized = QuantizedModel(conversion.program, layers=tuple(conversion.layers), origin=graph_module.origin)
    _preserve(graph_module, quantized, custom["preserved_attributes"])
    return quantized


def fuse_fx(model: nn.Module, fuse_custom_config: Any = None, backend_config: Any = None) -> FusedModel:
    """Fold batch norm into the layers before it, to run in float; `prepare_fx` does so by itself.

    Args:
        model: float32, in evaluation mode; left as it was.

    Returns: a module that is called like the model; it captures the model on the first inputs that it is called with.

    Raises:
        ValueError: the model is in training mode.
    """
    _check_none("fuse_fx", fuse_custom_config=fuse_custom_config, backend_config=backend_config)
    _check_evaluates("fuse_fx", model)
    return FusedModel(model).eval()


def mapping_of(given: QConfigMapping | Mapping[str, Any] | None) -> QConfigMapping:
    """Return the mapping that a dictionary in the old style, or None, stands for."""
    if isinstance(given, QConfigMapping):
        return given
    return QConfigMapping() if given is None else QConfigMapping.from_dict(given)


def _check_evaluates(function: str, model: nn.Module) -> None:
    if model.training:
        raise ValueError(
            f"{function}: the model is in training mode, expected evaluation mode, in which its running statistics are "
            "used. Remedy: call model.eval() first, or prepare_qat_fx to train for 8 bits"
        )


def _custom(name: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    unknown = [key for key in given or {} if key not in _CUSTOM]
    if unknown:
        raise ValueError(f"{name}: got {unknown[0]!r}, expected some of {', '.join(map(repr, _CUSTOM))}")
    return _CUSTOM | dict(given or {})


def _check_none(function: str, **given: Any) -> None:
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{function}: {name} has no meaning here, got a {type(value).__name__}; leave it out")


def _preserve(source: nn.Module, target: nn.Module, names: Any) -> None:
    for name in names:
        setattr(target, name, getattr(source, name))
