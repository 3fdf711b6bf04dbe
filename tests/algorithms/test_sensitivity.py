"""What each rounding costs alone, against computing it directly."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from octavo.algorithms import LayerByLayer, keep_in_float, sensitivity
from octavo.algorithms.few_elements import few_elements
from octavo.algorithms.noise_sources import following, rounded_values
from octavo.algorithms.output_loss import kl_divergence, ratio_db, squared_error
from octavo.graph import Prepared, calibrate, capture, convert, prepare
from octavo.graph.downstream import Downstream
from octavo.graph.execute import execute
from octavo.numerics import dequantize, quantize


class Residual(nn.Module):
    """A sum that is fused, one that is not, a pool and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.a = nn.Conv2d(8, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.stem(x))
        x = torch.relu(self.b(torch.relu(self.a(x))) + x)
        return self.head(torch.nn.functional.max_pool2d(x, 2).mean((2, 3)))


@pytest.fixture(scope="module")
def data() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 3, 12, 12, generator=generator) for _ in range(4)]


@pytest.fixture(scope="module")
def graphs(data) -> tuple[Prepared, Prepared]:
    """Return the calibrated graph and the same with its weights rounded."""
    torch.manual_seed(0)
    exact = prepare(capture(Residual().eval(), data[0], None, data))
    rounding = LayerByLayer(exact)
    calibrate(exact, data, watchers=[rounding.watch])
    return exact, rounding.apply(exact)


def test_weights_cost_what_a_network_with_these_weights_loses(graphs, data):
    exact, rounded = graphs
    samples = [exact.signature.bind(x, "x") for x in data]
    found = sensitivity(exact, rounded, samples)
    assert set(found.weights) == {"stem", "a", "b", "head"} and found.samples == 4
    for name, loss in found.weights.items():
        other = {node.name: node for node in rounded.graph.nodes}[name]
        graph = exact.graph.with_nodes([other if node.name == name else node for node in exact.graph.nodes])
        direct = sum(squared_error(execute(exact.graph, s), execute(graph, s)) for s in samples)
        assert loss == direct > 0


def test_values_cost_what_a_network_that_rounds_them_loses(graphs, data):
    exact, rounded = graphs
    samples = [exact.signature.bind(x, "x") for x in data]
    found = sensitivity(exact, rounded, samples)
    names = {value.name: value for value in rounded_values(exact)}
    for name, loss in found.values.items():
        qparams = exact.observers[exact.groups[name]].qparams()
        direct = 0.0
        for sample in samples:
            kept: dict[str, torch.Tensor] = {}
            expected = execute(exact.graph, sample, kept.__setitem__)
            held = dequantize(quantize(kept[name], qparams), qparams)
            maker = next((i for i, n in enumerate(exact.graph.nodes) if name in n.outputs), -1)
            rest = replace(exact.graph, nodes=exact.graph.nodes[maker + 1 :], inputs=())
            direct += squared_error(expected, _run(rest, kept | {name: held}))
        assert loss == direct > 0
        assert not names[name].again  # the pool moves what is rounded already
    layers = {layer.name: layer for layer in found.layers()}
    stem = layers["stem"]
    assert stem.loss == found.weights["stem"] + found.values[exact.graph.inputs[0].name]
    assert stem.sqnr_db == ratio_db(found.signal, stem.loss)
    assert [layer.loss for layer in found.layers()] == sorted((x.loss for x in layers.values()), reverse=True)


def _run(graph, values):
    from octavo.graph.execute import compute

    with torch.no_grad():
        for node in graph.nodes:
            values[node.output] = compute(node, [values[name] for name in node.inputs], {"s0": 2, "batch": 2})
    return [values[name] for name in graph.outputs]


def test_the_sum_foretells_the_loss_of_the_program(graphs, data):
    from octavo.runtime import LoadedProgram

    exact, rounded = graphs
    samples = [exact.signature.bind(x, "x") for x in data]
    found = sensitivity(exact, rounded, samples)
    loaded, noise = LoadedProgram(convert(rounded, "test").program), 0.0
    for sample in samples:
        (expected,) = execute(exact.graph, sample)
        got = torch.from_numpy(loaded(*(t.numpy() for t in sample.values())))
        noise += squared_error([expected], [got])
    # Errors of few elements correlate: within 3 dB is what additivity is good for on so small a network.
    assert abs(ratio_db(found.loss, noise)) < 3


def test_another_loss(graphs, data):
    exact, rounded = graphs
    found = sensitivity(exact, rounded, [exact.signature.bind(data[0], "x")], loss=kl_divergence)
    assert found.signal == 0 and found.layers()[0].sqnr_db is None
    assert all(loss >= 0 for loss in found.weights.values()) and found.loss > 0


def test_a_layer_back_in_float_loses_nothing_of_its_own(graphs, data):
    exact, rounded = graphs
    names = ["stem", "a", "b", "head"]
    every = keep_in_float(exact, rounded, dict.fromkeys(names, "wanted"))
    assert all("int8" not in value.dtype for value in convert(every, "test").program.values.values())
    sample = exact.signature.bind(data[0], "x")
    assert all(torch.equal(x, y) for x, y in zip(*(execute(g.graph, sample) for g in (exact, every)), strict=True))
    some = keep_in_float(exact, rounded, {"a": "wanted"})
    layers = {layer.name: layer for layer in convert(some, "test").layers}
    assert layers["a"].reason == "wanted" and not layers["a"].int8 and layers["b"].int8
    assert "a" not in some.weights and "b" in some.weights
    both = keep_in_float(exact, some, {"b": "wanted too"})
    assert {n: d.reason for n, d in both.decisions.items() if n in "ab"} == {"a": "wanted", "b": "wanted too"}


def test_what_follows_layers_to_float(graphs):
    exact, _ = graphs
    around = following(exact)
    pool = next(node.name for node in exact.graph.nodes if node.type == "max_pool")
    assert "b" in around[pool] and set(around).isdisjoint({"stem", "a", "b", "head"})


def test_only_what_lies_downstream_is_computed(graphs, data, monkeypatch):
    from octavo.graph import downstream

    exact, rounded = graphs
    network = Downstream(exact.graph, exact.signature.bind(data[0], "x"))
    computed: list[str] = []
    compute = downstream.compute
    monkeypatch.setattr(downstream, "compute", lambda node, *rest: computed.append(node.name) or compute(node, *rest))
    network.changed(nodes={"head": {n.name: n for n in rounded.graph.nodes}["head"]})
    assert computed == ["head"]


@pytest.mark.parametrize(("count", "batch", "most", "got"), [(10, 1, 4, 4), (2, 8, 6, 6), (1, 3, 16, 3), (3, 2, 1, 1)])
def test_few_elements_of_many(graphs, count, batch, most, got):
    exact, _ = graphs
    samples = [exact.signature.bind(torch.full((batch, 3, 12, 12), float(i)), "x") for i in range(count)]
    taken = few_elements(exact.graph, samples, most)
    assert [len(next(iter(sample.values()))) for sample in taken] == [1] * got


def test_ratios():
    assert ratio_db(1.0, 0.0) == math.inf and ratio_db(0.0, 1.0) == -math.inf
