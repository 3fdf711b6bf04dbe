"""Octavo folds a float PyTorch network into eight bits and runs it."""

__version__ = "0.1.0"
