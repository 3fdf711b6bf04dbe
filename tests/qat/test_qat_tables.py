"""What trains for 8 bits only if it is asked for: embeddings, and linear layers with dynamic ranges."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from octavo import eager
from octavo.nn import quantized
from octavo.nn.qat import dynamic
from octavo.nn.quantized import dynamic as quantized_dynamic
from octavo.qconfig import default_dynamic_qat_qconfig, default_embedding_qat_qconfig


def _trained(model: Any, qconfig: Any, mapping: Any, x: torch.Tensor) -> Any:
    model.train().qconfig = qconfig
    prepared = eager.prepare_qat(model, mapping)
    optimizer = torch.optim.SGD(prepared.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        prepared(x).square().sum().backward()
        optimizer.step()
    return prepared.eval()


@pytest.mark.parametrize("layer", [nn.Embedding(11, 6), nn.EmbeddingBag(11, 6, mode="sum")], ids=["table", "bag"])
def test_embeddings_convert_to_the_rows_they_were_trained_with(layer: nn.Module) -> None:
    ids = torch.randint(0, 11, (3, 4), generator=torch.Generator().manual_seed(0))
    model = _trained(
        nn.Sequential(layer), default_embedding_qat_qconfig, eager.get_embedding_qat_module_mappings(), ids
    )
    converted = eager.convert(model, mapping=eager.get_embedding_static_quant_module_mappings())
    assert type(converted[0]) is getattr(quantized, type(layer).__name__)
    # scale · q − scale · zero_point against scale · (q − zero_point): the rounding of float32.
    torch.testing.assert_close(converted(ids), model(ids), rtol=1e-6, atol=1e-6)


def test_dynamic_layers_convert_to_their_weights() -> None:
    torch.manual_seed(0)
    x = torch.randn(8, 5)
    model = _trained(
        nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 4)),
        default_dynamic_qat_qconfig,
        {nn.Linear: dynamic.Linear},
        x,
    )
    converted = eager.convert(model, mapping=eager.get_default_dynamic_quant_module_mappings())
    assert type(converted[0]) is type(converted[2]) is quantized_dynamic.Linear
    # A row has a range of its own where training had one for the batch: half a step of x for each of 16 products.
    torch.testing.assert_close(converted(x), model(x), rtol=0.05, atol=0.05)
    assert torch.equal(converted[0].weight_scale, model[0].weight_fake_quant.scale.expand(16))
