"""Hooks of a module: those that observe, and the user's own, which stay when a module is replaced."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from octavo.nn.fake_quantized import marked, plain


def observe_output(module: Any, args: Any, output: Tensor) -> Tensor:
    """Show a module's output to its observer."""
    observer = module.activation_post_process
    return marked(observer(output), observer)


def take_plain(module: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Let a module compute on floats alone: its own output is rounded, so nothing within it is."""
    return tuple(plain(arg) for arg in args)


def observe_input(module: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Show a module's first input to its observer."""
    return (module.activation_post_process(args[0]), *args[1:])


def observe_border(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Show a module's first input, if it is a float tensor, to the observer of its border."""
    x = args[0] if args else next(iter(kwargs.values()), None)
    if isinstance(x, Tensor):
        module.border_observer(x)


OBSERVING = (observe_output, observe_input, observe_border, take_plain)


def carry_pre_hooks(old: nn.Module, new: nn.Module) -> None:
    """Register a module's forward pre-hooks, but those that observe, on another module."""
    for key, hook in old._forward_pre_hooks.items():
        if hook not in OBSERVING:
            new.register_forward_pre_hook(hook, with_kwargs=key in old._forward_pre_hooks_with_kwargs)


def carry_post_hooks(old: nn.Module, new: nn.Module) -> None:
    """Register a module's forward hooks, but those that observe, on another module."""
    for key, hook in old._forward_hooks.items():
        if hook not in OBSERVING:
            new.register_forward_hook(
                hook,
                with_kwargs=key in old._forward_hooks_with_kwargs,
                always_call=key in old._forward_hooks_always_called,
            )


def carry_hooks(old: nn.Module, new: nn.Module) -> None:
    """Register a module's forward hooks of both kinds, but those that observe, on the module that replaces it."""
    carry_pre_hooks(old, new)
    carry_post_hooks(old, new)


def remove_observing(module: nn.Module) -> None:
    """Remove the hooks that observe."""
    for hooks in (module._forward_pre_hooks, module._forward_hooks):
        for key in [key for key, hook in hooks.items() if hook in OBSERVING]:
            del hooks[key]


def clear_hooks(module: nn.Module) -> None:
    """Remove all forward hooks."""
    module._forward_pre_hooks.clear()
    module._forward_hooks.clear()
