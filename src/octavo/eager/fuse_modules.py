"""Make one layer of modules that follow each other."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn

from octavo.eager.adopt import adopt
from octavo.eager.errors import FusionError, ModeError
from octavo.eager.fusers import get_fuser_method
from octavo.eager.hooks import carry_post_hooks, carry_pre_hooks
from octavo.eager.tree import kind_of

FuserFunction = Callable[..., Sequence[nn.Module]]
"""Called as `f(modules, is_qat, additional_fuser_method_mapping)`; returns what takes the place of each module."""


def fuse_known_modules(
    mod_list: Sequence[nn.Module], is_qat: bool, additional_fuser_method_mapping: Mapping[Any, Any] | None = None
) -> list[nn.Module]:
    """Fuse modules: the first of the list becomes the fused one, the others become nn.Identity.

    Args:
        mod_list: the modules, in the order in which they run. Forward pre-hooks of the first and forward hooks of the
            last move to the fused one.
        is_qat: whether batch norms will be trained on.
        additional_fuser_method_mapping: see `get_fuser_method`.

    Raises:
        FusionError, ModeError: they cannot be fused.
    """
    fuser = get_fuser_method([kind_of(module) for module in mod_list], additional_fuser_method_mapping)
    fused = fuser(is_qat, *mod_list)
    first, last = mod_list[0], mod_list[-1]
    carry_pre_hooks(first, fused)
    carry_post_hooks(last, fused)
    # The first and the last may be parts of the fused module, which now calls these hooks.
    first._forward_pre_hooks.clear()
    last._forward_hooks.clear()
    fused.training = first.training
    return [fused, *(nn.Identity().train(first.training) for _ in mod_list[1:])]


def fuse_modules(
    model: nn.Module,
    modules_to_fuse: Sequence[str] | Sequence[Sequence[str]],
    inplace: bool = False,
    fuser_func: FuserFunction = fuse_known_modules,
    fuse_custom_config_dict: Mapping[str, Any] | None = None,
) -> nn.Module:
    """Make one layer of each sequence of modules; batch norms are folded into the layer before them.

    The first module of a sequence is replaced by the fused one, the others by nn.Identity. Known sequences are those
    of `octavo.eager.fusers.FUSERS`.

    Args:
        model: float, in evaluation mode.
        modules_to_fuse: full names in the order in which the modules run, or a list of such lists.
        inplace: whether to change the model itself instead of a copy.
        fuser_func: see `FuserFunction`.
        fuse_custom_config_dict: `additional_fuser_method_mapping` maps tuples of classes to a fuser.

    Returns: the model with fused modules.

    Raises:
        FusionError: a name is not in the model, or nothing fuses modules of these classes.
        ModeError: a batch norm is in training mode.
    """
    return _fuse(model, modules_to_fuse, False, inplace, fuser_func, fuse_custom_config_dict)


def fuse_modules_qat(
    model: nn.Module,
    modules_to_fuse: Sequence[str] | Sequence[Sequence[str]],
    inplace: bool = False,
    fuser_func: FuserFunction = fuse_known_modules,
    fuse_custom_config_dict: Mapping[str, Any] | None = None,
) -> nn.Module:
    """Make one layer of each sequence of modules, to be trained for 8 bits with their batch norms.

    Arguments, result and errors as those of `fuse_modules`, but the model may be in either mode.
    """
    return _fuse(model, modules_to_fuse, True, inplace, fuser_func, fuse_custom_config_dict)


def _fuse(
    model: nn.Module,
    modules_to_fuse: Sequence[str] | Sequence[Sequence[str]],
    is_qat: bool,
    inplace: bool,
    fuser_func: FuserFunction,
    config: Mapping[str, Any] | None,
) -> nn.Module:
    model = adopt(model if inplace else copy.deepcopy(model))
    additional = (config or {}).get("additional_fuser_method_mapping", {})
    single = all(isinstance(item, str) for item in modules_to_fuse)
    groups: Any = [modules_to_fuse] if single and modules_to_fuse else modules_to_fuse
    for names in groups:
        modules = [_module(model, name) for name in names]
        try:
            new = fuser_func(modules, is_qat, additional)
        except (FusionError, ModeError) as error:
            function = "fuse_modules_qat" if is_qat else "fuse_modules"
            raise type(error)(f"{function}: {list(names)}: {error}") from None
        for name, module in zip(names, new, strict=True):
            parent, _, key = name.rpartition(".")
            model.get_submodule(parent)._modules[key] = module
    return model


def _module(model: nn.Module, name: str) -> nn.Module:
    try:
        return model.get_submodule(name)
    except AttributeError:
        known = [known for known, _ in model.named_modules() if known]
        close = difflib.get_close_matches(name, known, 3, 0.4)
        hint = f"; similar ones are {', '.join(close)}" if close else f"; it has {', '.join(known[:10])}"
        raise FusionError(
            f"fuse_modules: this {type(model).__name__} has no module '{name}'{hint}. Remedy: use full names as in "
            "model.named_modules()"
        ) from None
