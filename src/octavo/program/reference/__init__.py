"""The meaning of every operator, in NumPy: what each other executor must equal, bit for bit."""

from octavo.program.reference.run import run

__all__ = ["run"]
