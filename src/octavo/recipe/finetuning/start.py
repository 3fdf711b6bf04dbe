"""Where fine-tuning starts: at the model that quantization after training gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from octavo.fake_quantize import LearnedFakeQuantize, disable_fake_quant, enable_fake_quant
from octavo.graph import TrainedModel, capture, prepare
from octavo.graph.signature import Sample, arguments
from octavo.observers import HistogramObserver
from octavo.qconfig import QConfigMapping, get_lsq_qat_qconfig


def prepared_model(
    model: nn.Module, example_inputs: Sample, dynamic_shapes: Any, samples: list[Sample], mapping: QConfigMapping | None
) -> TrainedModel:
    """Capture a model and put fake-quantize modules with learned scales where it will have 8 bits.

    Args:
        model, example_inputs, dynamic_shapes: as of `finetune`.
        samples: what is looked at for sizes that vary.
        mapping: in place of learned scales for all layers.
    """
    captured = capture(model, example_inputs, dynamic_shapes, samples, training=True)
    default = QConfigMapping().set_global(get_lsq_qat_qconfig(learn_zero_point=True, observer=HistogramObserver))
    return TrainedModel(prepare(captured, mapping or default, training=True))


def calibrate_scales(model: TrainedModel, samples: Iterable[Sample]) -> None:
    """Start each learned scale at the range of least squared error over the float values of samples.

    Args:
        model: its scales are changed in place.
        samples: inputs of the model, on its device.
    """
    fakes = [module for module in model.modules() if isinstance(module, LearnedFakeQuantize)]
    model.eval()
    model.apply(disable_fake_quant)
    with torch.no_grad(), _observing(fakes):
        for sample in samples:
            positional, named = arguments(sample)
            model(*positional, **named)
    for fake in fakes:
        fake.start_from_observer()
    model.apply(enable_fake_quant)


@contextmanager
def _observing(fakes: list[LearnedFakeQuantize]) -> Iterator[None]:
    def show(fake: nn.Module, inputs: tuple[Any, ...]) -> None:
        assert isinstance(fake, LearnedFakeQuantize)
        fake.activation_post_process.track(inputs[0].detach())

    hooks = [fake.register_forward_pre_hook(show) for fake in fakes]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
