"""The program under construction: each value in 8 bits, in float32 or in both, converted where it is first needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from octavo.graph.errors import ConversionError
from octavo.graph.ir import Dim, Graph, Node, Shape
from octavo.graph.symbols import reshape_target
from octavo.program import Input, Operator, Program, Symbol, Value
from octavo.program.types import QUANT_RANGE

Qparams = Mapping[str, Value]
"""Value of the graph → dtype, scale and zero_point that it has in 8 bits."""


class Emitter:
    """Collect operators, values and constants.

    Args:
        graph: what is converted; its inputs are declared.
        qparams: of every value that will have 8 bits.
    """

    def __init__(self, graph: Graph, qparams: Qparams) -> None:
        self.qparams = qparams
        self._graph = graph
        self._shapes = graph.shapes()
        self._operators: list[Operator] = []
        self._values: dict[str, Value] = {}
        self._constants: dict[str, np.ndarray] = {}
        self._real: dict[str, str] = {}
        self._quantized: dict[str, str] = {}
        for graph_input in graph.inputs:
            self._values[graph_input.name] = Value(graph_input.dtype)
            self._real[graph_input.name] = graph_input.name

    def quantized(self, value: str) -> str:
        """Return the name under which a value of the graph is there in 8 bits."""
        if value not in self._quantized:
            name = f"{value}.quantized"
            self.emit("quantize", f"{value}.quantize", (self._real[value],), name, self.qparams[value])
            self._quantized[value] = name
        return self._quantized[value]

    def real(self, value: str) -> str:
        """Return the name under which a value of the graph is there in float32; indices are there as they are."""
        if value not in self._real:
            name = f"{value}.dequantized"
            self.emit("dequantize", f"{value}.dequantize", (self._quantized[value],), name, Value("float32"))
            self._real[value] = name
        return self._real[value]

    def same(self, value: str, other: str, quantized: bool) -> None:
        """Declare that a value of the graph is another one, in 8 bits or in float32."""
        if quantized:
            self._quantized[other] = self.quantized(value)
        else:
            self._real[other] = self.real(value)

    def makes_quantized(self, value: str) -> tuple[str, Value]:
        """Declare that the next operator makes a value of the graph in 8 bits."""
        self._quantized[value] = value
        return value, self.qparams[value]

    def makes_real(self, value: str) -> tuple[str, Value]:
        """Declare that the next operator makes a value of the graph in float32, or as indices."""
        self._real[value] = value
        return value, self._graph.fixed.get(value, Value("float32"))

    def emit(
        self,
        operator: str,
        name: str,
        inputs: tuple[str, ...],
        output: str | tuple[str, ...],
        value: Value | tuple[Value, ...],
        attributes: Mapping[str, Any] | None = None,
        constants: Mapping[str, np.ndarray] | None = None,
    ) -> str:
        """Append an operator of the program and return the name of its first output."""
        outputs = (output,) if isinstance(output, str) else output
        values = (value,) if isinstance(value, Value) else value
        names = {}
        for role, array in (constants or {}).items():
            names[role] = self._keep(f"{name}.{role}", np.ascontiguousarray(array))
        self._values.update(zip(outputs, values, strict=True))
        self._operators.append(Operator(operator, name, inputs, outputs, attributes or {}, names))
        return outputs[0]

    def shape(self, value: str) -> Shape:
        """Return the shape of a value of the graph."""
        return self._shapes[value]

    def target(self, node: Node, shape: Shape) -> list[Dim]:
        """Return what a reshape to a shape is given.

        Raises:
            ConversionError: two of its sizes are expressions of symbols.
        """
        target = reshape_target(shape)
        if target is None:
            raise ConversionError(
                f"layer '{node.name}': reshapes to {list(shape)}, where at most one size can be an expression of "
                "symbols. Remedy: fix the others with dynamic_shapes"
            )
        return target

    def reinterpreted(self, value: str, wanted: Value, name: str) -> str:
        """Return the name under which the integers of a value are there with other qparams.

        Args:
            value: of the graph, in 8 bits.
            wanted: what its integers stand for where they are read.
            name: of the operator that reads them.
        """
        given = self.quantized(value)
        if self.qparams[value] == wanted:
            return given
        low, high = QUANT_RANGE[wanted.dtype]
        same = np.arange(low, high + 1).astype(wanted.dtype)
        renamed = f"{name}.{value}"
        return self.emit("table", renamed, (given,), renamed, wanted, constants={"table": same})

    def _keep(self, name: str, array: np.ndarray) -> str:
        """Add a constant and return its name; a layer that is called again (`conv@1.weight`) shares what is equal."""
        plain = re.sub(r"@\d+", "", name)
        held = self._constants.get(plain)
        if held is not None and held.dtype == array.dtype and np.array_equal(held, array):
            return plain
        self._constants[name] = array
        return name

    def program(self, producer: str) -> Program:
        """Return the finished program; it gives float32, but for values that were in 8 bits from the start."""
        outputs = tuple(self.quantized(v) if self._graph.in_8_bits(v) else self.real(v) for v in self._graph.outputs)
        return Program(
            inputs=tuple(Input(i.name, i.dtype, i.shape) for i in self._graph.inputs),
            outputs=outputs,
            values=self._values,
            operators=tuple(self._operators),
            constants=self._constants,
            symbols={name: Symbol(s.min, s.max, s.example) for name, s in self._graph.symbols.items()},
            output_structure=self._graph.structure,
            producer=producer,
        )
