"""Loads a program and runs it on the native engine: NumPy and safetensors, no PyTorch."""

from octavo.runtime.instruction_set import isa
from octavo.runtime.loaded import LoadedProgram, load

__all__ = ["LoadedProgram", "isa", "load"]
