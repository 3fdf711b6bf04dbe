"""A program under construction: operators appended one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from octavo.program.types import Input, Operator, Program, Symbol, Value


class ProgramBuilder:
    """Collect inputs, operators, values and constants.

    Args:
        producer: what makes the program, "octavo 0.1.0".
    """

    def __init__(self, producer: str = "octavo") -> None:
        self._producer = producer
        self._inputs: list[Input] = []
        self._values: dict[str, Value] = {}
        self._operators: list[Operator] = []
        self._constants: dict[str, np.ndarray] = {}
        self._symbols: dict[str, Symbol] = {}

    def input(self, name: str, value: Value, shape: Sequence[int | str]) -> str:
        """Declare an input and return its name; its symbols are declared with `symbol`."""
        self._inputs.append(Input(name, value.dtype, tuple(shape)))
        self._values[name] = value
        return name

    def free_input(self, name: str, value: Value, shape: Sequence[int], fixed: Mapping[int, int] | None = None) -> str:
        """Declare an input of which each size is a symbol of its own.

        Args:
            name: of the value.
            value: its dtype and qparams.
            shape: an example.
            fixed: axis → size, for the axes that are not symbolic.
        """
        fixed = fixed or {}
        sizes = [fixed.get(axis, f"{name}_{axis}") for axis in range(len(shape))]
        for size, example in zip(sizes, shape, strict=True):
            if isinstance(size, str):
                self.symbol(size, Symbol(example=example))
        return self.input(name, value, sizes)

    def rank(self, name: str) -> int:
        """Return the number of axes of an input."""
        return next(len(given.shape) for given in self._inputs if given.name == name)

    def symbol(self, name: str, symbol: Symbol) -> str:
        """Declare a symbolic size and return its name."""
        self._symbols[name] = symbol
        return name

    def emit(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: str | Sequence[str],
        values: Value | Sequence[Value],
        attributes: Mapping[str, Any] | None = None,
        constants: Mapping[str, np.ndarray] | None = None,
        name: str | None = None,
    ) -> str:
        """Append an operator and return the name of its first output.

        Args:
            operator: its type.
            inputs: names of values.
            outputs, values: name, dtype and qparams of each value that it makes.
            attributes: plain data.
            constants: role → array.
            name: of the operator; default: that of its first output.
        """
        names = (outputs,) if isinstance(outputs, str) else tuple(outputs)
        made = (values,) if isinstance(values, Value) else tuple(values)
        name = names[0] if name is None else name
        roles = {}
        for role, array in (constants or {}).items():
            roles[role] = f"{name}.{role}"
            self._constants[roles[role]] = np.ascontiguousarray(array)
        self._values.update(zip(names, made, strict=True))
        self._operators.append(Operator(operator, name, tuple(inputs), names, attributes or {}, roles))
        return names[0]

    def finish(self, outputs: Sequence[str], structure: Any = 0) -> Program:
        """Return the program.

        Args:
            outputs: names of values.
            structure: how they are arranged, see `octavo.program.structure`.
        """
        return Program(
            inputs=tuple(self._inputs),
            outputs=tuple(outputs),
            values=self._values,
            operators=tuple(self._operators),
            constants=self._constants,
            symbols=self._symbols,
            output_structure=structure,
            producer=self._producer,
        )
