"""Which sizes are symbolic."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, conv, image
from torch import nn
from torch.export import Dim

from octavo.graph import CaptureError, capture
from octavo.graph.execute import execute


def shapes(captured):
    return [i.shape for i in captured.signature.inputs]


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_the_batch_is_symbolic_whatever_the_example_has(batch):
    captured = capture(conv(3, 4), image(batch))
    assert shapes(captured) == [("batch", 3, 12, 12)]
    symbol = captured.graph.symbols["batch"]
    assert (symbol.min, symbol.max, symbol.example) == (1, None, batch)


def test_sizes_in_which_the_samples_differ_are_symbolic_and_the_others_are_not():
    layer = conv(3, 4)
    captured = capture(layer, image(1, height=8), samples=[image(1, height=10), image(1, height=8)])
    assert shapes(captured) == [("batch", 3, "height", 12)]
    for x in (image(1, height=7), image(3, height=21)):
        (actual,) = execute(captured.graph, {captured.graph.inputs[0].name: x})
        torch.testing.assert_close(actual, layer(x).detach(), rtol=1e-4, atol=1e-5)


def test_axes_are_named_by_the_number_of_axes():
    def names(*sizes):
        samples = [torch.randn(size) for size in sizes]
        return shapes(capture(Network(lambda net, x: x.relu()), samples[0], samples=samples[1:]))[0]

    assert names((2, 3, 8, 9), (3, 4, 9, 10)) == ("batch", "channels", "height", "width")
    assert names((2, 3, 8), (3, 4, 9)) == ("batch", "channels", "length")
    assert names((2, 3), (3, 4)) == ("batch", "features")
    assert names((4,), (6,)) == ("batch",)


def test_inputs_whose_sizes_must_agree_share_their_symbol():
    captured = capture(Network(lambda net, x, y: x + y), (image(), image()))
    assert shapes(captured) == [("batch", 3, 12, 12)] * 2 and list(captured.graph.symbols) == ["batch"]


def test_inputs_whose_sizes_need_not_agree_have_symbols_of_their_own():
    captured = capture(Network(lambda net, x, y: (x.relu(), y.relu())), (torch.randn(2, 3), torch.randn(4, 3)))
    assert shapes(captured) == [("batch", 3), ("batch_1", 3)]


@pytest.mark.parametrize("batch", [1, 3])
def test_a_model_that_works_for_one_batch_alone_has_the_batch_of_the_example(batch):
    model = Network(lambda net, x: net.fc(x.reshape(batch, 432)), fc=nn.Linear(432, 2))
    assert shapes(capture(model, image(batch))) == [(batch, 3, 12, 12)]


def test_a_size_that_the_model_fixes_stays_fixed():
    model = Network(lambda net, x: net.fc(x.flatten(1)), fc=nn.Linear(3 * 12 * 12, 2))
    assert shapes(capture(model, image(), samples=[image(3)])) == [("batch", 3, 12, 12)]


def test_samples_that_are_not_like_the_example_are_not_looked_at():
    odd = [(image(), image()), {"x": image(height=9)}, image(height=9).double(), image()[0], "text"]
    assert shapes(capture(conv(3, 4), image(), samples=odd)) == [("batch", 3, 12, 12)]


def test_forward_with_keywords():
    class Keywords(nn.Module):
        def forward(self, *, image, mask):
            return image * mask

    captured = capture(Keywords(), {"image": image(), "mask": image(channels=1)})
    assert shapes(captured) == [("batch", 3, 12, 12), ("batch", 1, 12, 12)]


class TestGiven:
    """What the user writes as in torch.export."""

    def test_names_and_limits(self):
        sizes = {"input": {0: Dim("images", max=8), 2: Dim("rows", min=4, max=64)}}
        captured = capture(conv(3, 4), image(), dynamic_shapes=sizes)
        assert shapes(captured) == [("images", 3, "rows", 12)]
        rows = captured.graph.symbols["rows"]
        assert (rows.min, rows.max, rows.example) == (4, 64, 12)
        assert captured.graph.symbols["images"].max == 8

    def test_an_example_of_one_image_will_do(self):
        captured = capture(conv(3, 4), image(1), dynamic_shapes=({0: Dim("images")},))
        assert shapes(captured) == [("images", 3, 12, 12)]
        assert captured.graph.symbols["images"].example == 1

    @pytest.mark.parametrize("nothing", [({},), (None,), {"input": None}], ids=str)
    def test_nothing_symbolic(self, nothing):
        captured = capture(conv(3, 4), image(1), dynamic_shapes=nothing)
        assert shapes(captured) == [(1, 3, 12, 12)] and captured.graph.symbols == {}

    def test_names_go_to_their_own_inputs_in_any_order(self):
        class Two(nn.Module):
            def forward(self, left, right):
                return left.relu(), right.relu()

        sizes = {"right": {0: Dim("r")}, "left": {0: Dim("l")}}
        captured = capture(Two(), (torch.randn(2, 3), torch.randn(4, 3)), dynamic_shapes=sizes)
        assert shapes(captured) == [("l", 3), ("r", 3)]

    def test_one_name_for_two_inputs(self):
        batch = Dim("batch")
        model = Network(lambda net, x, y: x + y)
        sizes = ((({0: batch}, {0: batch})),)
        assert shapes(capture(model, (image(1), image(1)), dynamic_shapes=sizes)) == [("batch", 3, 12, 12)] * 2

    def test_a_size_that_must_be_a_multiple_is_refused_with_the_remedy(self):
        half = Dim("half", min=2)
        model = Network(lambda net, x: F.max_pool2d(x, 2).relu())
        with pytest.raises(CaptureError, match=r"axis 2 is of the form 2\*.*fix that size with dynamic_shapes"):
            capture(model, image(), dynamic_shapes=(({2: 2 * half},),))
