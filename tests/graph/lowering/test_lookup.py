"""Embeddings and bags of them."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_captures, quantize, reasons, sqnr_of, the, types
from torch import Tensor, nn

ROWS = 20


def ids(*shape: int) -> Tensor:
    """Draw int64 numbers of rows."""
    return torch.randint(0, ROWS, shape)


@pytest.mark.parametrize("shape", [(7,), (2, 5), (2, 3, 4, 2, 2)], ids=str)
def test_embedding(shape):
    model = nn.Embedding(ROWS, 6, padding_idx=3)
    assert types(assert_captures(model, ids(*shape))) == ["embedding"]


def test_an_embedding_is_named_after_the_module_whose_weight_it_reads():
    model = Network(lambda net, x: F.embedding(x, net.words.weight), words=nn.Embedding(ROWS, 6))
    graph = assert_captures(model, ids(2, 5))
    assert the(graph, "embedding").name == "words" and graph.inputs[0].dtype == "int64"


def test_ids_that_are_moved():
    def function(net, x, y):
        joined = torch.cat([x[:, 1:].transpose(0, 1).contiguous(), y.view(4, -1)], 1)
        return net.words(joined.long()), joined

    model = Network(function, words=nn.Embedding(ROWS, 6))
    inputs = (ids(3, 5), ids(2, 6))
    assert types(assert_captures(model, *inputs)) == ["slice", "permute", "reshape", "concat", "embedding"]
    assert sqnr_of(quantize(model, *inputs), model, *inputs) > 200


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
class TestBags:
    """The three ways to combine rows."""

    def test_of_one_length(self, mode):
        model = nn.EmbeddingBag(ROWS, 6, mode=mode)
        graph = assert_captures(model, ids(3, 5))
        assert types(graph) == ["embedding_bag"] and len(the(graph, "embedding_bag").inputs) == 1

    def test_of_any_length(self, mode):
        model = nn.EmbeddingBag(ROWS, 6, mode=mode)
        graph = assert_captures(model, ids(9), torch.tensor([0, 2, 2, 5]))
        assert types(graph) == ["embedding_bag"] and len(the(graph, "embedding_bag").inputs) == 2

    def test_of_lengths_that_vary_from_call_to_call(self, mode):
        model = nn.EmbeddingBag(ROWS, 6, mode=mode).eval()
        conversion = quantize(model, ids(3, 5), data=[(ids(3, 5),), (ids(4, 8),)])
        assert conversion.program.inputs[0].shape == ("batch", "length")
        assert sqnr_of(conversion, model, ids(2, 7)) > 130

    def test_in_a_model_of_one_batch_size(self, mode):
        def function(net, x):
            return net.bag(x) + torch.ones(3, 1)

        graph = assert_captures(Network(function, bag=nn.EmbeddingBag(ROWS, 6, mode=mode)), ids(3, 5))
        assert the(graph, "embedding_bag").shape == (3, 6)


@pytest.mark.parametrize("offsets", [None, torch.tensor([0, 2, 2])], ids=["rows", "offsets"])
def test_weights_of_samples(offsets):
    x = ids(3, 5) if offsets is None else ids(8)
    rest = () if offsets is None else (offsets,)

    def function(net, x, weights, *offsets):
        return net.bag(x, *offsets, per_sample_weights=weights)

    model = Network(function, bag=nn.EmbeddingBag(ROWS, 6, mode="sum"))
    inputs = (x, torch.randn(x.shape), *rest)
    bag = the(assert_captures(model, *inputs), "embedding_bag")
    assert bag.attributes == {"mode": "weighted_sum"} and len(bag.inputs) == 2 + len(rest)
    assert sqnr_of(quantize(model, *inputs), model, *inputs) > 130


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (nn.Embedding(ROWS, 6, max_norm=1.0), "embedding_renorm_"),
        (nn.EmbeddingBag(ROWS, 6, padding_idx=2), "it leaves out the rows of padding_idx"),
        (Network(lambda net, x: net.e(x) * x[..., None].to(torch.float64)), "it makes values of torch.float64"),
        (Network(lambda net, x: torch.cat([net.e(x).reshape(-1), x.reshape(-1)])), "different dtypes"),
        (Network(lambda net, x: F.embedding(x, net.e(x)[0])), "its table is no float32 constant"),
        (
            Network(lambda net, x: net.b(x.reshape(-1), torch.tensor([0, 4])), b=nn.EmbeddingBag(ROWS, 6)),
            "its offsets are constant",
        ),
        (
            Network(lambda net, x: net.b(x.reshape(-1), torch.arange(3)), b=nn.EmbeddingBag(ROWS, 6)),
            "its offsets are constant",
        ),
        (
            Network(lambda net, x: net.b(x[:, 0], x[:, 1], net.w(x[:, 0])[:, 0]), b=nn.EmbeddingBag(ROWS, 6, mode="sum",
                    include_last_offset=True), w=nn.Embedding(ROWS, 1)),
            "it takes the end of the last bag as an offset",
        ),
    ],
    ids=["max_norm", "padding_idx", "float", "mixed", "table", "offsets", "arange", "last offset"],
)  # fmt: skip
def test_refuses(model, reason):
    if not hasattr(model, "e") and isinstance(model, Network):
        model.add_module("e", nn.Embedding(ROWS, 6))
    assert reason in reasons(model, ids(3, 5))


def test_ids_are_computed():
    model = Network(lambda net, x: net.e(x + 1), e=nn.Embedding(ROWS + 1, 6))
    assert types(assert_captures(model, ids(3, 5)))[-1] == "embedding"
    assert sqnr_of(quantize(model, ids(3, 5)), model, ids(3, 5)) > 40


def test_positions_are_ids():
    model = Network(lambda net, x: net.e(x) + net.e(torch.arange(2, 2 + x.shape[1])), e=nn.Embedding(ROWS, 6))
    graph = assert_captures(model, ids(3, 5))
    assert the(graph, "range").attributes == {"axis": 1, "start": 2, "step": 1}
    # 18 positions are left from row 2 on.
    assert graph.symbols["length"].max == ROWS - 2
