"""Single operators on tensors."""

from __future__ import annotations

import numpy as np
import torch
from torch.export import Dim, export

from octavo.ops import operators
from octavo.ops.concrete import concretely
from octavo.program import Value

VALUE = Value("uint8", 0.5, 10)


def test_quantize_and_back():
    x = torch.tensor([[-100.0, -0.26, 0.0, 0.75, float("nan")]])
    q = operators.quantize(x, VALUE)
    assert q.tolist() == [[0, 9, 10, 12, 0]]
    assert operators.dequantize(q, VALUE).tolist() == [[-5.0, -0.5, 0.0, 1.0, -5.0]]


def test_one_program_serves_all_sizes():
    for shape in ((1, 2, 5, 5), (3, 4, 9, 2)):
        q = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
        pooled = operators.apply("adaptive_avg_pool", (q,), (VALUE,), VALUE, output_size=(1, 1))
        exact = (q.double() - 10).mean((2, 3), keepdim=True) + 10
        assert pooled.shape == (*shape[:2], 1, 1)
        assert (pooled.double() - exact).abs().max() <= 0.501


def test_constants_can_be_computed_while_pytorch_traces():
    table = torch.arange(4.0)
    seen = []

    class Model(torch.nn.Module):
        def forward(self, x):
            with concretely():
                seen.append(float((table * 2).sum()))
                seen.append((table + 1).numpy())
            return x + 1

    exported = export(Model(), (torch.zeros(3),), dynamic_shapes=({0: Dim("n", min=1, max=9)},))
    assert seen[0] == 12.0
    np.testing.assert_array_equal(seen[1], [1, 2, 3, 4])
    calls = [node.target for node in exported.graph.nodes if node.op == "call_function"]
    assert calls == [torch.ops.aten.add.Tensor]
