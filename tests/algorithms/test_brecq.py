"""Blocks, and what learning the rounding of all their layers at once is worth."""

from __future__ import annotations

import torch
from torch import nn

import octavo
from octavo.algorithms.blocks import find_blocks
from octavo.algorithms.brecq import brecq
from octavo.algorithms.layer_by_layer import LayerByLayer
from octavo.graph import calibrate, capture, prepare
from octavo.graph.placement import LAYERS
from octavo.graph.rewrite_layers import rewrite_blocks
from octavo.graph.weights import weight_qparams
from octavo.numerics import dequantize, sqnr
from octavo.qconfig import default_static, weight_factory


class Branches(nn.Module):
    """A stem, a residual block with a layer in its shortcut, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.first, self.second = nn.Conv2d(8, 12, 3, padding=1), nn.Conv2d(12, 12, 3, padding=1)
        self.shortcut = nn.Conv2d(8, 12, 1)
        self.head = nn.Linear(12 * 64, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.stem(x))
        x = torch.relu(self.second(torch.relu(self.first(x))) + self.shortcut(x))
        return self.head(x.flatten(1))


def network() -> tuple[nn.Module, list[torch.Tensor]]:
    torch.manual_seed(0)
    return Branches().eval(), [torch.randn(6, 3, 8, 8) for _ in range(4)]


def test_blocks_end_where_one_value_is_left():
    model, data = network()
    graph = prepare(capture(model, data[0])).graph
    blocks = find_blocks(graph, lambda node: node.type in LAYERS)
    assert [node.name for block in blocks for node in block] == [node.name for node in graph.nodes]
    (block,) = (block for block in blocks if len(block) > 1)
    assert {node.name for node in block} == {"first", "second", "shortcut"}


def test_a_block_gives_more_nearly_what_it_gave_than_layers_rounded_each_on_its_own():
    model, data = network()
    mapping = default_static(weight=weight_factory("squared_error", 4))
    prepared = calibrate(prepare(capture(model, data[0], None, data), mapping), data)
    blocks = find_blocks(prepared.graph, lambda node: node.type in LAYERS)
    kept = LayerByLayer(prepared)
    for sample in data:
        kept.watch(prepared.graph.inputs[0].name, sample)
    errors = {}

    def look(block, values):
        if len(block) > 1:
            qparams = {n.name: weight_qparams(n, prepared.qconfigs[n.name]) for n in block if n.type in LAYERS}
            for steps in (0, 200):
                integers = brecq(block, values, qparams, torch.Generator().manual_seed(0), steps)
                errors[steps] = error(block, values, {n: dequantize(q, qparams[n]) for n, q in integers.items()})
            assert integers.keys() == qparams.keys()
            assert all(q.dtype == torch.int8 and q.abs().max() <= 7 for q in integers.values())
        return block, {}

    rewrite_blocks(prepared, kept._samples.inputs(), blocks, look)
    assert errors[200] < 0.7 * errors[0]  # of nearest


def error(block, values, weights) -> float:
    from octavo.algorithms.brecq import _Reconstruction

    whole = _Reconstruction(block, values, weights, torch.Generator())
    return sum(float(whole.error((sample, None), weights)) for sample in range(len(values)))


def test_recipes_of_learned_rounding(monkeypatch):
    monkeypatch.setattr("octavo.algorithms.brecq.STEPS", 200)
    monkeypatch.setattr("octavo.algorithms.adaround.STEPS", 200)
    model, data = network()
    with torch.no_grad():
        expected = model(data[0])
    ratios, told = {}, []
    for rounding in ("nearest", "adaround", "brecq"):
        recipe = octavo.Recipe(weight_bits=4, rounding=rounding)
        quantized = octavo.quantize(model, data[0], data, recipe, progress=lambda *done: told.append(done))
        # The head's bias says most of these logits: what counts is how they differ.
        ratios[rounding] = sqnr(expected - expected.mean(0), quantized(data[0]) - expected.mean(0))
        assert told[-1] == (4 + 5, 4 + 5)
    assert min(ratios["adaround"], ratios["brecq"]) > ratios["nearest"] + 2  # dB


def test_the_same_data_gives_the_same_weights(monkeypatch, tmp_path):
    monkeypatch.setattr("octavo.algorithms.brecq.STEPS", 5)
    monkeypatch.setattr("octavo.algorithms.adaround.STEPS", 5)
    model, data = network()
    for name in ("a", "b"):
        octavo.quantize(model, data[0], data, octavo.Recipe(rounding="brecq")).save(tmp_path / f"{name}.octavo")
    assert (tmp_path / "a.octavo").read_bytes() == (tmp_path / "b.octavo").read_bytes()
