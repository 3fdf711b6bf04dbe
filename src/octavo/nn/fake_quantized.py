"""Tensors in evaluation after training for 8 bits: floats that know which integers they stand for."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from octavo.fake_quantize import FakeQuantizeBase
from octavo.nn.observed import has_qparams
from octavo.nn.qtensor import QTensor
from octavo.numerics import Qparams


class FakeQuantizedTensor(Tensor):
    """Hold floats that a fake-quantize module has rounded, and their qparams.

    A function that a converted model computes on integers (`QTensor.functions`: a mean, a pooling, …) is computed on
    integers here too, so that its rounding is that of the converted model; its gradient is that of the float function.
    What any other function returns is a plain tensor.

    Attributes:
        qparams: per tensor; None once a function has changed the floats in place.
    """

    qparams: Qparams | None

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        form = QTensor.functions.get(func)
        q = NotImplemented if form is None else form(*pytree.tree_map(integers_of, args), **kwargs)
        with torch._C.DisableTorchFunctionSubclass():
            real = func(*args, **kwargs)
        if isinstance(q, QTensor) and isinstance(real, Tensor):
            return _mark(with_gradient(q.dequantize(), real), q.qparams)
        for leaf in args[:1]:
            if leaf is real and isinstance(leaf, cls):
                leaf.qparams = None
        return real

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return plain(self).__deepcopy__(memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return plain(self).__reduce_ex__(protocol)


def evaluated_qparams(fake_quantize: Any) -> Qparams | None:
    """Return the qparams that a fake-quantize module rounds with in evaluation; None where it does not.

    None too in training, and while PyTorch traces.
    """
    if not isinstance(fake_quantize, FakeQuantizeBase) or fake_quantize.training or torch.compiler.is_compiling():
        return None
    rounds = fake_quantize.is_on("fake_quant_enabled") and has_qparams(fake_quantize)
    return fake_quantize.qparams() if rounds else None


def marked(y: Any, fake_quantize: Any) -> Any:
    """Return what a fake-quantize module returned, in evaluation with its qparams.

    It stays as it is on another device than the CPU, for converted models run on the CPU alone.

    Args:
        y: what `fake_quantize` returned.
        fake_quantize: any module.
    """
    if type(y) is not Tensor or y.device.type != "cpu" or y.dtype != torch.float32:
        return y
    qparams = evaluated_qparams(fake_quantize)
    return y if qparams is None or qparams.ch_axis is not None else _mark(y, qparams)


def qparams_of(x: Any) -> Qparams | None:
    """Return the qparams of a fake-quantized tensor; None for anything else."""
    return x.qparams if isinstance(x, FakeQuantizedTensor) else None


def integers_of(x: Any) -> Any:
    """Return the integers that a fake-quantized tensor stands for; anything else as it is."""
    qparams = qparams_of(x)
    return plain(x) if qparams is None else QTensor.from_float(plain(x).detach(), qparams)


def plain(x: Any) -> Any:
    """Return the floats alone."""
    return x.as_subclass(Tensor) if isinstance(x, FakeQuantizedTensor) else x


def with_gradient(exact: Tensor, real: Tensor) -> Tensor:
    """Return the numbers of the one with the gradient of the other."""
    return exact + (real - real.detach()) if real.requires_grad else exact


def _mark(y: Tensor, qparams: Qparams) -> FakeQuantizedTensor:
    marked = y.as_subclass(FakeQuantizedTensor)
    marked.qparams = qparams
    return marked
