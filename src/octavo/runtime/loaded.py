"""A program on the native engine, called like the model it came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from octavo.program import Program, rebuild, verify
from octavo.runtime.instruction_set import choose_isa
from octavo.runtime.network import build_network
from octavo.runtime.plans import Plan, Plans
from octavo.runtime.processors import available_threads


class StepTime(NamedTuple):
    """Mean time of one step of a run: `kind` is an operator type, `copy`, or `fill_halo`."""

    kind: str
    name: str
    nanoseconds: float


class LoadedProgram:
    """Runs a program on the native engine. Safe to call from many threads at once.

    Args:
        program: what to run; verified here.
        threads: how many threads one call uses, 1 or more; default: the processors available to this process.
        isa: `"reference"`, `"avx2"`, `"avx512_vnni"`, `"neon_dotprod"`, …; default: the environment
            variable `OCTAVO_ISA`, else the machine's best. The result does not depend on it.
        release: whether the program gives up its constants, a dict, as the engine packs them; they are gone from it
            then, and `program` knows their shapes alone.
        variants: operator name → how it is built, as tuning has found it fastest; names that the engine does not know
            change nothing, and no variant changes a result.

    Attributes:
        program: what it runs.
        variants: as given.
        plans: memory for the shapes that it was called with.

    Raises:
        FormatError: the program is not valid.
        ValueError: `threads` or `isa` is not possible here.
    """

    def __init__(
        self,
        program: Program,
        threads: int | None = None,
        isa: str | None = None,
        release: bool = False,
        variants: Mapping[str, str] | None = None,
    ) -> None:
        verify(program)
        if threads is not None and threads < 1:
            raise ValueError(f"threads: got {threads}, expected 1 or more")
        self.program = program.outline() if release else program
        self.threads = threads or available_threads()
        self.isa = choose_isa(isa)
        self.variants = dict(variants or {})
        self.plans = Plans(self.program, build_network(program, self.isa, release, self.variants))
        self._names = [given.name for given in program.inputs]
        self._dtypes = [np.dtype(given.dtype) for given in program.inputs]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run on arrays (NumPy, or anything with DLPack, in the CPU's memory) and return what the model returned.

        Raises:
            TypeError: an input is missing, given twice or unknown, or has another dtype than the program's.
            ShapeError: an input has a shape that the program does not take.
        """
        return rebuild(self.program.output_structure, self.run(self._arrange(args, kwargs)))

    def run(self, inputs: list[np.ndarray], threads: int | None = None) -> list[np.ndarray]:
        """Run on contiguous arrays of the inputs' dtypes, in order, and return the outputs in order.

        Args:
            inputs: one array for each input.
            threads: how many threads this call uses; default: those of the object.

        Raises:
            ShapeError: an input has a shape that the program does not take.
        """
        plan = self._plan(inputs)
        outputs = plan.empty()
        plan.native.run(inputs, outputs, threads or self.threads)
        return outputs

    def profile(self, *args: Any, rounds: int = 20, **kwargs: Any) -> list[StepTime]:
        """Measure the mean time of every step over `rounds` runs, in order of execution."""
        inputs = self._arrange(args, kwargs)
        plan = self._plan(inputs)
        return [StepTime(*row) for row in plan.native.profile(inputs, plan.empty(), self.threads, rounds)]

    def arena_bytes(self, *args: Any, **kwargs: Any) -> int:
        """Count the bytes of memory that activations take in a run on inputs of these shapes."""
        return self._plan(self._arrange(args, kwargs)).native.arena_bytes

    def _arrange(self, args: tuple, kwargs: dict[str, Any]) -> list[np.ndarray]:
        names = self._names
        if kwargs or len(args) != len(names):
            args = self.in_order(args, kwargs)
        return [_as_array(*given) for given in zip(names, self._dtypes, args, strict=True)]

    def in_order(self, args: tuple, kwargs: dict[str, Any]) -> tuple:
        """Return what is given by position and by name in the order of the program's inputs.

        Raises:
            TypeError: an input is missing, given twice or unknown.
        """
        names = self._names
        if len(args) > len(names):
            raise TypeError(f"got {len(args)} inputs, expected {len(names)}: {', '.join(names)}")
        given = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name not in names or name in given:
                problem = "is given twice" if name in given else "is not an input of this program"
                raise TypeError(f"input {name!r} {problem}; its inputs are {', '.join(names)}")
            given[name] = value
        missing = [name for name in names if name not in given]
        if missing:
            raise TypeError(f"missing input {', '.join(missing)}; the inputs are {', '.join(names)}")
        return tuple(given[name] for name in names)

    def _plan(self, inputs: list[np.ndarray]) -> Plan:
        return self.plans.find(tuple([array.shape for array in inputs]))


def load(path: str | os.PathLike[str], threads: int | None = None, isa: str | None = None) -> LoadedProgram:
    """Read a `.octavo` file and make it ready to run, as `octavo bench --tune` has found it fastest on this machine.

    What tuning chose lies in a file beside it, PATH.tune; where that is no use here, a `TuningWarning` says why.

    The numbers of its constants are then in the engine alone: `octavo.program.file.load` reads them for other uses.

    Args:
        path: the file.
        threads: how many threads one call uses; default: the processors available to this process.
        isa: see `LoadedProgram`.

    Raises:
        FormatError: the file is not a valid program; the message names the field.
        OSError: the file cannot be read.
    """
    from octavo.program.file import naming, read  # imported late: see octavo.program

    with naming(path):
        program = read(path)
    variants = None
    if Path(f"{os.fspath(path)}.tune").exists():
        from octavo.runtime.tuning_file import read_variants  # what most files do not need

        variants = read_variants(path, choose_isa(isa), threads or available_threads())
    with naming(path):
        return LoadedProgram(program, threads=threads, isa=isa, release=True, variants=variants)


def _as_array(name: str, dtype: np.dtype, value: Any) -> np.ndarray:
    if not isinstance(value, np.ndarray):
        value = np.from_dlpack(value) if hasattr(value, "__dlpack__") else np.asarray(value)
    if value.dtype == np.bool_ and dtype == np.int64:  # a mask: 0 and 1, as a program takes it
        return value.astype(np.int64)
    if value.dtype != dtype:
        raise TypeError(f"input {name!r}: got dtype {value.dtype}, expected {dtype}; convert it first")
    return value if value.flags.c_contiguous else np.ascontiguousarray(value)
