"""How each sequence of layers becomes one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn

from octavo.eager.errors import FusionError, ModeError, class_names
from octavo.eager.hooks import clear_hooks
from octavo.eager.tree import kind_of
from octavo.nn import intrinsic
from octavo.nn.folding import fold

Fuser = Callable[..., nn.Module]
"""Called as `fuser(is_qat, *modules)`; returns what takes the place of the first module."""

_CONV_BN = {
    nn.Conv1d: intrinsic.ConvBn1d,
    nn.Conv2d: intrinsic.ConvBn2d,
    nn.Conv3d: intrinsic.ConvBn3d,
}
_CONV_BN_RELU = {
    nn.Conv1d: intrinsic.ConvBnReLU1d,
    nn.Conv2d: intrinsic.ConvBnReLU2d,
    nn.Conv3d: intrinsic.ConvBnReLU3d,
}
_CONV_RELU = {
    nn.Conv1d: intrinsic.ConvReLU1d,
    nn.Conv2d: intrinsic.ConvReLU2d,
    nn.Conv3d: intrinsic.ConvReLU3d,
}


def fuse_conv_bn(is_qat: bool, conv: nn.Module, bn: nn.Module) -> nn.Module:
    """Fuse a convolution and its batch norm.

    Args:
        is_qat: whether the batch norm will be trained on: a ConvBn; else it is folded, and a convolution comes back.
        conv: an nn.Conv1d, Conv2d or Conv3d.
        bn: the batch norm that follows.

    Raises:
        ModeError: the modes differ, or a batch norm in training mode would be folded.
        FusionError: the batch norm does not fit.
    """
    _check_norm(is_qat, conv, bn)
    return _one_of(_CONV_BN, conv)(conv, bn) if is_qat else _fold(conv, bn)


def fuse_conv_bn_relu(is_qat: bool, conv: nn.Module, bn: nn.Module, relu: nn.Module) -> nn.Module:
    """Fuse a convolution, its batch norm and ReLU; raises as `fuse_conv_bn`.

    Args:
        is_qat: whether the batch norm will be trained on: a ConvBnReLU; else it is folded, and a ConvReLU comes back.
        conv, bn, relu: in this order.
    """
    _check_norm(is_qat, conv, bn, relu)
    if is_qat:
        return _one_of(_CONV_BN_RELU, conv)(conv, bn, relu)
    return _one_of(_CONV_RELU, conv)(_fold(conv, bn), relu)


def fuse_linear_bn(is_qat: bool, linear: nn.Module, bn: nn.Module) -> nn.Module:
    """Fuse a linear layer and its batch norm; raises as `fuse_conv_bn`.

    Args:
        is_qat: whether the batch norm will be trained on: a LinearBn1d; else it is folded, and a Linear comes back.
        linear: its output is [n, features].
        bn: an nn.BatchNorm1d.
    """
    _check_norm(is_qat, linear, bn)
    return intrinsic.LinearBn1d(linear, bn) if is_qat else _fold(linear, bn)


def fuse_convtranspose_bn(is_qat: bool, convt: nn.Module, bn: nn.Module) -> nn.Module:
    """Fold a batch norm into the transposed convolution before it; raises as `fuse_conv_bn`.

    Args:
        is_qat: refused; a transposed convolution is not trained for 8 bits together with a batch norm.
        convt: an nn.ConvTranspose1d, ConvTranspose2d or ConvTranspose3d.
        bn: the batch norm that follows.
    """
    if is_qat:
        raise FusionError(
            f"{class_names([kind_of(convt), kind_of(bn)])} cannot be trained for 8 bits as one layer. "
            "Remedy: call model.eval() and fuse_modules first, which folds the batch norm, then train"
        )
    _check_norm(is_qat, convt, bn)
    return _fold(convt, bn)


def _sequence(fused: Callable[..., nn.Module]) -> Fuser:
    return lambda is_qat, *modules: fused(*modules)


FUSERS: Mapping[tuple[type[nn.Module], ...], Fuser] = {
    (nn.Conv1d, nn.BatchNorm1d): fuse_conv_bn,
    (nn.Conv1d, nn.BatchNorm1d, nn.ReLU): fuse_conv_bn_relu,
    (nn.Conv2d, nn.BatchNorm2d): fuse_conv_bn,
    (nn.Conv2d, nn.BatchNorm2d, nn.ReLU): fuse_conv_bn_relu,
    (nn.Conv3d, nn.BatchNorm3d): fuse_conv_bn,
    (nn.Conv3d, nn.BatchNorm3d, nn.ReLU): fuse_conv_bn_relu,
    (nn.Conv1d, nn.ReLU): _sequence(intrinsic.ConvReLU1d),
    (nn.Conv2d, nn.ReLU): _sequence(intrinsic.ConvReLU2d),
    (nn.Conv3d, nn.ReLU): _sequence(intrinsic.ConvReLU3d),
    (nn.Linear, nn.BatchNorm1d): fuse_linear_bn,
    (nn.Linear, nn.ReLU): _sequence(intrinsic.LinearReLU),
    (nn.Linear, nn.LeakyReLU): _sequence(intrinsic.LinearLeakyReLU),
    (nn.Linear, nn.Tanh): _sequence(intrinsic.LinearTanh),
    (nn.BatchNorm2d, nn.ReLU): _sequence(intrinsic.BNReLU2d),
    (nn.BatchNorm3d, nn.ReLU): _sequence(intrinsic.BNReLU3d),
    (nn.ConvTranspose1d, nn.BatchNorm1d): fuse_convtranspose_bn,
    (nn.ConvTranspose2d, nn.BatchNorm2d): fuse_convtranspose_bn,
    (nn.ConvTranspose3d, nn.BatchNorm3d): fuse_convtranspose_bn,
}
"""Classes in their order → what fuses them."""


def get_fuser_method(
    op_list: Sequence[type[nn.Module]], additional_fuser_method_mapping: Mapping[Any, Fuser] | None = None
) -> Fuser:
    """Return what fuses modules of these classes.

    Args:
        op_list: the classes, in order.
        additional_fuser_method_mapping: classes → fuser; goes before the known ones.

    Raises:
        FusionError: nothing does.
    """
    known = {**FUSERS, **(additional_fuser_method_mapping or {})}
    if tuple(op_list) not in known:
        patterns = ", ".join(class_names(pattern) for pattern in known)
        raise FusionError(
            f"modules of the classes {class_names(op_list)} cannot be fused; these can: {patterns}. Remedy: leave them "
            "apart, or give fuse_custom_config_dict={'additional_fuser_method_mapping': …} a fuser"
        )
    return known[tuple(op_list)]


def _check_norm(is_qat: bool, layer: Any, norm: Any, *rest: nn.Module) -> None:
    modules = (layer, norm, *rest)
    names = class_names([kind_of(module) for module in modules])
    if len({module.training for module in modules}) > 1:
        modes = ", ".join("training" if module.training else "evaluation" for module in modules)
        raise ModeError(f"{names} are in different modes ({modes}). Remedy: call model.eval() or model.train() first")
    if not is_qat and norm.training:
        raise ModeError(
            f"{names} are in training mode, but folding a batch norm needs evaluation mode. Remedy: call model.eval() "
            "first, or fuse_modules_qat to train the batch norm on"
        )
    width = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    if norm.num_features != width:
        raise FusionError(f"{names}: the batch norm has {norm.num_features} features, the layer gives {width} channels")
    if norm.running_var is None:
        raise FusionError(f"{names}: the batch norm has no running statistics; expected track_running_stats=True")
    if is_qat and not norm.affine:
        raise FusionError(f"{names}: the batch norm has no weight and bias to train; expected affine=True")


def _fold(layer: Any, norm: nn.Module) -> nn.Module:
    """Return a copy of a layer with a batch norm folded in."""
    folded = copy.deepcopy(layer)
    clear_hooks(folded)
    transposed = isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d))
    bias = None if layer.bias is None else layer.bias.detach()
    weight, bias = fold(layer.weight.detach(), bias, norm, transposed, getattr(layer, "groups", 1))
    folded.weight = nn.Parameter(weight.detach().to(layer.weight.dtype), layer.weight.requires_grad)
    folded.bias = nn.Parameter(bias.detach().to(layer.weight.dtype), layer.weight.requires_grad)
    return folded


def _one_of(fused: Mapping[Any, Any], conv: nn.Module) -> Any:
    if kind_of(conv) not in fused:
        raise FusionError(f"got a {kind_of(conv).__name__}, expected one of {class_names(fused)}")
    return fused[kind_of(conv)]
