from __future__ import annotations

import json
import math

import pytest

from octavo.recipe import LayerSummary, Report
from octavo.recipe.summary import decibels, megabytes
from octavo.runtime.timing import Timing


@pytest.fixture(scope="module")
def report(quantized):
    return quantized.report(seconds=0.1)


def test_covers_every_layer_with_its_error(report, quantized):
    layers = {layer.name: layer for layer in report.layers}
    assert len(layers) == len(report.layers)
    for name in ("stem.0", "branch", "head"):
        assert layers[name].int8 and 15 < layers[name].sqnr_db < 80
    assert report.sqnr_db == layers["head"].sqnr_db
    assert all(layer.reason and layer.remedy for layer in report.float_layers)
    assert [layer.type for layer in report.float_layers] == ["softmax"]


def test_size_is_that_of_the_file(report, quantized, model, tmp_path):
    quantized.save(tmp_path / "m.octavo")
    assert report.int8_bytes == (tmp_path / "m.octavo").stat().st_size
    assert report.float_bytes == sum(t.numel() * t.element_size() for t in model.state_dict().values())


def test_prints_and_becomes_json(report):
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert plain["speedup"] == pytest.approx(report.float_ms.median / report.int8_ms.median)
    assert len(plain["layers"]) == len(report.layers)
    text = str(report)
    assert "stem.0" in text and "softmax" in text and "Remedy: " in text and report.verdict in text


def test_says_when_int8_is_slower():
    layer = LayerSummary("a", "conv", True, "", "", math.inf)
    timing = Timing(1.0, 0.9, 1.1)
    slow = Report((layer,), math.inf, 1000, 300, timing, Timing(2.0, 1.9, 2.1), 1, "avx2")
    fast = Report((layer,), None, 1000, 300, timing, Timing(0.5, 0.4, 0.6), 2, "avx2")
    assert "SLOWER" in slow.verdict and "keep the float model" in str(slow)
    assert "2.00 times as fast" in fast.verdict and "SLOWER" not in str(fast)
    assert slow.to_dict()["sqnr_db"] is None


def test_writing_numbers():
    assert decibels(None) == "-" and decibels(math.inf) == "exact" and decibels(31.44) == "31.4 dB"
    assert megabytes(4_812_345) == "4.81 MB" and megabytes(12_345) == "12.3 kB"
