"""Where a model comes from: a factory in a module, a file of torch.export, or a folder of transformers."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from octavo.cli.guard import UsageError
from octavo.cli.pretrained import is_pretrained, load_pretrained


def load_model(source: str) -> Any:
    """Return the module that a source names.

    Args:
        source: `package.module:factory` (called without arguments; a module is taken as it is), `model.pt2`, or a
            folder with `config.json` and `model.safetensors`.

    Raises:
        UsageError: the source is neither, or does not give a torch.nn.Module.
    """
    from torch import nn

    if source.endswith(".pt2"):
        return _load_exported(source)
    if is_pretrained(source):
        return load_pretrained(source)
    made = call_factory(
        source, "SOURCE", "package.module:factory, a file model.pt2 or a folder of a transformers model"
    )
    if not isinstance(made, nn.Module):
        raise UsageError(f"SOURCE {source}: gives a {type(made).__name__}, expected a torch.nn.Module")
    return made


def call_factory(reference: str, argument: str, expected: str) -> Any:
    """Import `module:name` and call it, if it is a function or a class; see `find_object`.

    Raises:
        UsageError: there is no such module or name.
    """
    found = find_object(reference, argument, expected)
    return found() if isinstance(found, type) or (not hasattr(found, "forward") and callable(found)) else found


def find_object(reference: str, argument: str, expected: str) -> Any:
    """Import `module:name` (the working directory is searched too) and return what it names.

    Args:
        reference: the text on the command line.
        argument: what to call it in an error.
        expected: what an error says was expected.

    Raises:
        UsageError: there is no such module or name.
    """
    module_name, separator, name = reference.partition(":")
    if not (separator and module_name and name):
        raise UsageError(f"{argument}: got {reference!r}, expected {expected}")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UsageError(f"{argument} {reference}: no module named {error.name!r} here or in this Python") from error
    if not hasattr(module, name):
        raise UsageError(f"{argument} {reference}: module {module_name!r} has no {name!r}")
    return getattr(module, name)


def _load_exported(source: str) -> Any:
    import torch

    if not Path(source).is_file():
        raise FileNotFoundError(f"SOURCE {source}: there is no such file")
    try:
        return torch.export.load(source).module()
    except Exception as error:
        raise UsageError(f"SOURCE {source}: torch.export.load cannot read it ({type(error).__name__})") from error
