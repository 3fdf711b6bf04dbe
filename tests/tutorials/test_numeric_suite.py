"""Numeric comparison: weights, outputs, and shadows of a quantized model against its float form."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tests.tutorials import mobilenet
from torch import Tensor, nn

pytestmark = pytest.mark.filterwarnings("ignore")  # the old package warns of its own end


def compute_error(x: Tensor, y: Tensor) -> float:
    """Return the SQNR of y against x."""
    return mobilenet.sqnr(x.detach(), y.detach())


def pair(ao: SimpleNamespace) -> tuple[Any, Any]:
    float_model = mobilenet.trained(ao).eval()
    float_model.fuse_model()
    float_model.qconfig = ao.tq.get_default_qconfig("x86")
    q_model = ao.tq.quantize(copy.deepcopy(float_model), mobilenet.accuracy, [mobilenet.images(3)])
    return float_model, q_model


def test_compare_weights(ao: SimpleNamespace) -> None:
    float_model, q_model = pair(ao)
    wt_compare_dict = ao.ns.compare_weights(float_model.state_dict(), q_model.state_dict())
    assert "features.0.0.weight" in wt_compare_dict
    for key in wt_compare_dict:
        if key.endswith(".weight"):
            pairs = wt_compare_dict[key]
            assert compute_error(pairs["float"], pairs["quantized"].dequantize()) > 25


def test_compare_model_outputs(ao: SimpleNamespace) -> None:
    float_model, q_model = pair(ao)
    img_data = mobilenet.images(1, seed=4)[0][0]
    act_compare_dict = ao.ns.compare_model_outputs(float_model, q_model, img_data)
    assert "features.0.0.stats" in act_compare_dict
    for key in act_compare_dict:
        pairs = act_compare_dict[key]
        if len(pairs["float"]) and key != "quant.stats":
            error = compute_error(pairs["float"][0], pairs["quantized"][0].dequantize())
            assert error > 10, key


def test_compare_model_stub(ao: SimpleNamespace) -> None:
    float_model, q_model = pair(ao)
    img_data = mobilenet.images(1, seed=4)[0][0]
    module_swap_list = [mobilenet.InvertedResidual, nn.Linear]
    ob_dict = ao.ns.compare_model_stub(float_model, q_model, module_swap_list, img_data)
    assert {"classifier.1.stats"} <= set(ob_dict)
    for key in ob_dict:
        errors = [
            compute_error(real, quantized.dequantize() if quantized.is_quantized else quantized)
            for real, quantized in zip(ob_dict[key]["float"], ob_dict[key]["quantized"], strict=True)
        ]
        assert torch.tensor(errors).min() > 15, key
