"""Training for 8 bits in one call, from the quantized model on."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from octavo import __version__
from octavo.graph import TrainedModel, convert
from octavo.graph.signature import Sample, arguments
from octavo.qconfig import QConfigMapping
from octavo.recipe.digest import model_digest
from octavo.recipe.finetuning import FinetuneError, FinetunePlan, FinetuneWarning, relative_error
from octavo.recipe.finetuning.checkpoint import Checkpoint
from octavo.recipe.finetuning.objective import Loss
from octavo.recipe.finetuning.ranks import ranks
from octavo.recipe.finetuning.start import calibrate_scales, prepared_model
from octavo.recipe.finetuning.training import Batch, Training
from octavo.recipe.measure import Origin
from octavo.recipe.progress import Progress, choose
from octavo.recipe.quantized_model import QuantizedModel
from octavo.recipe.recipe import mapping_of, resolve

_CALIBRATION = 32
"""Batches that the first scales are found on, and that the result is measured on."""


def finetune(
    model: nn.Module,
    example_inputs: Sample,
    training_data: Collection[Any],
    loss: Loss | None = None,
    plan: FinetunePlan | None = None,
    folder: str | os.PathLike[str] | None = None,
    *,
    qconfig_mapping: QConfigMapping | None = None,
    dynamic_shapes: Any = None,
    device: str = "cpu",
    progress: bool | Progress | None = None,
) -> QuantizedModel:
    """Quantize a float module, then train it on so that it stays what it was.

    It starts where quantization after training ends: ranges of least squared error, learned from there on with the
    weights. Without `loss` it needs no labels: the outputs of the float model are what is learned. After Ctrl-C the
    same call with the same `folder` goes on where it was. `torchrun` makes several processes of it; each takes its
    share of the batches.

    Args:
        model: a float32 module on the CPU; left as it was.
        example_inputs: a tensor, a tuple of positional arguments or a dict of keyword arguments of its forward.
        training_data: batches, a DataLoader or a list: inputs of the model; with `loss` pairs of inputs and labels.
        loss: called with the outputs and the labels, returns a tensor of one element. None: `relative_error` to the
            float model's outputs.
        plan: epochs, learning rates, and what is frozen when.
        folder: keeps the state once a minute and at the end.
        qconfig_mapping: of fake-quantize modules; None: learned scales and zero_points in all layers.
        dynamic_shapes: as in `torch.export.export`, in place of what is found from the batches.
        device: where it is trained, `"cpu"` or `"cuda"`.
        progress: True shows a line on the terminal, None only where there is one; or a function that is called with
            how many steps are done and how many there are.

    Returns: a module that runs int8 on the CPU and is called like `model`. Where training without labels has not
        brought it nearer to the float model, a FinetuneWarning says so, and it is the model before training.

    Raises:
        FinetuneError: the data has no length or no batch, the folder is of another training, or the loss is no number.
        CaptureError, CalibrationError, ConversionError: as `octavo.quantize`.

    Reference: Esser et al., Learned Step Size Quantization, 2020, and Bhalgat et al., LSQ+, 2020, for the scales;
        Nagel et al., Overcoming Oscillations in Quantization-Aware Training, ICML 2022, for what holds weights still.
    """
    plan = plan or FinetunePlan()
    total = _length(training_data)
    first = [_inputs(batch, loss) for batch in islice(training_data, _CALIBRATION)]
    trained = prepared_model(model, example_inputs, dynamic_shapes, first[:8], qconfig_mapping).to(device)
    teacher = copy.deepcopy(model).eval().to(device)
    first = [_on(sample, device) for sample in first]
    calibrate_scales(trained, first)
    start = copy.deepcopy(trained.state_dict())
    before = _error(trained, teacher, first) if loss is None else None

    def batches() -> Iterator[Batch]:
        for batch in training_data:
            sample = _on(_inputs(batch, loss), device)
            yield sample, _call(teacher, sample) if loss is None else _on(batch[1], device)

    subject = {"octavo version": __version__, "model": model_digest(model), "plan": repr(plan), "data length": total}
    with ranks(device) as these:
        training = Training(
            trained, plan, loss or relative_error, Checkpoint(folder, subject), these, choose(progress, "training")
        )
        training.run(batches, total)
    after = _error(trained, teacher, first) if loss is None else None
    if before is not None and after is not None and not after <= before:
        warnings.warn(
            f"training has made the error to the float model {after / before:.2f} times as large; this is the model as "
            "it was before. Remedy: a lower learning_rate, more epochs or more data",
            FinetuneWarning,
            stacklevel=2,
        )
        trained.load_state_dict(start)
    origin = Origin(model, example_inputs, dynamic_shapes, mapping_of(resolve("static", has_calibration_data=True)))
    return QuantizedModel.of(convert(trained.eval().prepared(), f"octavo {__version__}"), origin)


def _length(data: Any) -> int:
    try:
        total = len(data)
    except TypeError:
        raise FinetuneError(
            f"training_data: got a {type(data).__name__}, which has no length and cannot be gone over twice. Remedy: a "
            "DataLoader, or a list"
        ) from None
    if not total:
        raise FinetuneError("training_data: it has no batch")
    return total


def _inputs(batch: Any, loss: Loss | None) -> Sample:
    if loss is None:
        return batch
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise FinetuneError(
            f"training_data: got a {type(batch).__name__} for a batch, expected a pair of inputs and labels, as `loss` "
            "is given. Remedy: yield pairs, or leave `loss` out to learn from the float model"
        )
    return batch[0]


def _on(value: Any, device: str) -> Any:
    return pytree.tree_map(lambda leaf: leaf.to(device) if isinstance(leaf, torch.Tensor) else leaf, value)


@torch.no_grad()
def _call(model: nn.Module, sample: Sample) -> Any:
    positional, named = arguments(sample)
    return model(*positional, **named)


def _error(trained: TrainedModel, teacher: nn.Module, samples: list[Sample]) -> float:
    """Return the mean relative error to the float model, in evaluation."""
    trained.eval()
    errors = [relative_error(_call(trained, sample), _call(teacher, sample)) for sample in samples]
    return float(torch.stack(errors).mean())
