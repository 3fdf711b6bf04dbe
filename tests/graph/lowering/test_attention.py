"""Attention and products of values, with every kind of mask, at batches and lengths that were never seen."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import Network, assert_captures, reasons, the
from text_networks import LONGEST, SelfAttention, assert_graph_computes, sentences, tiny_bert
from torch import nn

from octavo.graph import CalibrationError, capture

MASKED = ("sdpa mask", "sdpa both", "written, mask")
STYLES = (
    "sdpa", "sdpa causal", "sdpa triangle", "sdpa infinities", "written", "written, buffer", "written, positions",
    *MASKED,
)  # fmt: skip
CAUSAL = ("sdpa causal", "sdpa triangle", "sdpa infinities", "sdpa both")


def sample(style, batch, length):
    x = torch.randn(batch, length, 16)
    mask = torch.arange(length)[None] < torch.randint(1, length + 1, (batch, 1))
    return (x, mask.long()) if style in MASKED else (x,)


@pytest.mark.parametrize("style", STYLES)
def test_every_way_to_write_attention(style):
    model = SelfAttention(style)
    captured = capture(model, sample(style, 2, 5), samples=[sample(style, 3, 7)])
    for batch, length in ((2, 5), (1, 1), (4, LONGEST)):
        assert_graph_computes(captured, model, sample(style, batch, length))
    if style.startswith("sdpa"):
        attention = the(captured.graph, "attention")
        assert attention.attributes["causal"] == (style in CAUSAL)
        assert len(attention.inputs) == (4 if style in MASKED else 3)


def test_grouped_heads():
    def function(net, q, kv):
        return torch.nn.functional.scaled_dot_product_attention(q, kv, kv, enable_gqa=True)

    graph = assert_captures(Network(function), torch.randn(2, 6, 5, 8), torch.randn(2, 2, 7, 8))
    attributes = the(graph, "attention").attributes
    assert (attributes["heads"], attributes["kv_heads"]) == (6, 2)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: torch.nn.functional.scaled_dot_product_attention(x, x, x, dropout_p=0.5), "it drops at random"),
        (lambda x: torch.nn.functional.scaled_dot_product_attention(x[:, 0, 0], x[:, 0, 0], x[:, 0, 0]), "query has"),
        (lambda x: torch.nn.functional.scaled_dot_product_attention(x, x, x, scale=-1.0), "its scale is"),
        (lambda x: x @ x[0, 0, 0], "it multiplies by a vector"),
    ],
    ids=["dropout", "two axes", "scale", "vector"],
)
def test_refuses(function, reason):
    assert reason in reasons(Network(lambda net, x: function(x)), torch.randn(2, 3, 4, 4))


class TestModules:
    """What PyTorch and transformers have of attention."""

    @pytest.mark.parametrize("batch_first", [True, False])
    def test_an_encoder_layer_with_a_mask_of_booleans(self, batch_first):
        model = nn.TransformerEncoderLayer(16, 4, 32, batch_first=batch_first).eval()

        def padded(batch, length):
            shape = (batch, length, 16) if batch_first else (length, batch, 16)
            mask = torch.arange(length)[None] >= torch.randint(1, length + 1, (batch, 1))
            return {"src": torch.randn(shape), "src_key_padding_mask": mask}

        captured = capture(model, padded(2, 5), samples=[padded(3, 7)])
        assert [i.dtype for i in captured.graph.inputs] == ["float32", "int64"]
        for batch, length in ((2, 5), (1, 1), (5, 11)):
            assert_graph_computes(captured, model, padded(batch, length))

    @settings(max_examples=10, deadline=None)
    @given(batch=st.integers(1, 5), length=st.integers(1, LONGEST))
    def test_bert_at_any_batch_and_length(self, bert, batch, length):
        captured, model = bert
        assert_graph_computes(captured, model, sentences(batch, length))

    def test_bert_takes_one_batch_and_one_length(self, bert):
        captured, _ = bert
        assert [i.shape for i in captured.graph.inputs] == [("batch", "length")] * 3
        assert captured.graph.symbols["length"].max == LONGEST
        with pytest.raises(CalibrationError, match=rf"'length' must be in \[1, {LONGEST}\]"):
            captured.signature.bind(sentences(1, LONGEST + 1), "a sample")


@pytest.fixture(scope="module")
def bert():
    torch.manual_seed(0)
    model = tiny_bert()
    return capture(model, sentences(2, 6)), model
