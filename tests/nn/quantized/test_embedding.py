"""Embeddings with tables in 8 bits."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.export import Dim, export

import octavo.nn.qat as qat
import octavo.nn.quantized as nnq
from octavo.nn.errors import QuantizationError
from octavo.observers import PerChannelMinMaxObserver
from octavo.program.reference import run
from octavo.qconfig import QConfig, default_embedding_qat_qconfig, float_qparams_weight_only_qconfig

IDS = torch.tensor([[1, 0, 11, 3], [2, 2, 5, 7], [9, 10, 1, 4]])
OFFSETS = torch.tensor([0, 3, 3, 9])
WEIGHTS = torch.linspace(-1, 2, 12)


def table(cls=nn.Embedding, **settings):
    torch.manual_seed(5)
    module = cls(12, 20, **settings)
    module.qconfig = float_qparams_weight_only_qconfig
    with torch.no_grad():
        module.weight[3] = 0.75  # a row of one number
        module.weight[4] += 100
    return module.eval()


def half_steps(module) -> torch.Tensor:
    """Return half a step of each row, and what float32 makes of its offset."""
    reach = module.weight.detach()
    return (reach.amax(1) - reach.amin(1)) / 255 / 2 + reach.abs().amax(1) * 2.0**-22


def bags():
    for mode in ("sum", "mean", "max"):
        for arguments in ((IDS,), (IDS.flatten(), OFFSETS)):
            yield pytest.param(mode, arguments, id=f"{mode}-{len(arguments)}")
    yield pytest.param("sum", (IDS, None, WEIGHTS.view(3, 4)), id="weighted")
    yield pytest.param("sum", (IDS.flatten(), OFFSETS, WEIGHTS), id="weighted-offsets")


def test_rows_are_rounded_to_half_a_step_and_constant_ones_exact():
    module = table()
    layer = nnq.Embedding.from_float(module)
    y, expected = layer(IDS), module(IDS)
    assert y.dtype == torch.float32
    assert ((y - expected).abs().amax(-1) <= half_steps(module)[IDS] * 1.001).all()
    assert torch.equal(y[0, 3], torch.full((20,), 0.75))
    assert torch.equal(layer(IDS[1, 2]), y[1, 2])
    assert torch.equal(layer(IDS.int()), y)


@pytest.mark.parametrize(("mode", "arguments"), list(bags()))
def test_bags(mode, arguments):
    module = table(nn.EmbeddingBag, mode=mode)
    layer = nnq.EmbeddingBag.from_float(module)
    rounded = copy.deepcopy(module)
    rounded.weight.data = nnq.Embedding.from_float(module)(torch.arange(12))
    assert (layer(*arguments) - rounded(*arguments)).abs().max() <= 1e-4  # the order of a float sum near 400
    (ready,) = layer._programs.values()
    (reference,) = run(ready.program, [x.numpy() for x in arguments if x is not None])
    np.testing.assert_array_equal(layer(*arguments).numpy(), reference)


@pytest.mark.parametrize("quantized", [nnq.Embedding, nnq.EmbeddingBag])
def test_exported_at_any_batch(quantized):
    layer = quantized.from_float(table(nn.Embedding if quantized is nnq.Embedding else nn.EmbeddingBag))
    exported = export(layer, (IDS,), dynamic_shapes=({0: Dim("batch", min=1, max=64)},)).module()
    for ids in (IDS[:1], torch.cat([IDS, IDS])):
        assert torch.equal(exported(ids), layer(ids))


def test_offsets_with_the_last():
    layer = nnq.EmbeddingBag.from_float(table(nn.EmbeddingBag, mode="sum", include_last_offset=True))
    with_last = layer(IDS.flatten(), torch.tensor([0, 3, 3, 9, 12]))
    short = layer(IDS.flatten(), torch.tensor([0, 3, 3, 9, 11]))
    layer.include_last_offset = False
    assert torch.equal(with_last, layer(IDS.flatten(), OFFSETS))
    assert torch.equal(short, layer(IDS.flatten()[:11], OFFSETS))


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
def test_a_trained_table_is_rounded_by_its_fake_quantize(name):
    module = getattr(qat, name).from_float(float_with(name, default_embedding_qat_qconfig))
    trained = module(IDS)
    layer = getattr(nnq, name).from_float(module.eval())
    assert (layer(IDS) - trained).abs().max() <= 1e-4


def float_with(name, qconfig):
    module = table(getattr(nn, name))
    module.qconfig = qconfig
    return module.train()


def test_max_norm_is_kept():
    module = table(max_norm=2.0)
    layer = nnq.Embedding.from_float(module)
    assert (layer(IDS) - module(IDS)).abs().max() <= 0.02


def test_state_and_repr():
    layer = nnq.Embedding.from_float(table())
    other = nnq.Embedding(12, 20)
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other(IDS), layer(IDS))
    assert layer.weight().qscheme() == torch.per_channel_affine_float_qparams
    assert (layer.weight().dequantize()[IDS] - layer(IDS)).abs().max() <= 1e-4
    assert repr(layer) == (
        "QuantizedEmbedding(num_embeddings=12, embedding_dim=20, dtype=torch.uint8, "
        "qscheme=torch.per_channel_affine_float_qparams)"
    )


def test_an_id_outside_the_table_is_named():
    with pytest.raises(IndexError, match=r"12"):
        nnq.Embedding.from_float(table())(torch.tensor([[0, 12]]))


def test_bad_arguments_have_their_messages():
    module = table()
    module.name = "words"
    module.qconfig = QConfig(
        PerChannelMinMaxObserver, PerChannelMinMaxObserver.with_args(dtype="int8", qscheme="per_channel_symmetric")
    )
    with pytest.raises(QuantizationError, match=r"module 'words'.*int8.*float_qparams_weight_only_qconfig"):
        nnq.Embedding.from_float(module)
    with pytest.raises(QuantizationError, match=r"padding_idx is 0.*leave these ids out"):
        nnq.EmbeddingBag.from_float(table(nn.EmbeddingBag, padding_idx=0))
    with pytest.raises(ValueError, match=r"dtype: got torch.quint4x2, expected torch.uint8"):
        nnq.Embedding(3, 4, dtype=torch.quint4x2)
    with pytest.raises(ValueError, match=r"weight: got uint8 \[12, 20\], expected uint8 \[3, 4\]"):
        nnq.Embedding(3, 4).set_weight(nnq.Embedding.from_float(table()).weight())
    bag = nnq.EmbeddingBag.from_float(table(nn.EmbeddingBag, mode="mean"))
    with pytest.raises(ValueError, match=r"per_sample_weights: got them with mode 'mean'"):
        bag(IDS, None, torch.ones(3, 4))
    with pytest.raises(ValueError, match=r"offsets: got none with ids of shape \[12\]"):
        bag(IDS.flatten())
