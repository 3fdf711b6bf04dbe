"""From a module to a graph: names, structures, errors; the module stays as it was."""

import pytest
import torch
import torch.nn.functional as F
from small_networks import Network, assert_captures, batch_norm, conv, graph_of, image, types
from torch import nn

from octavo.graph import CaptureError, UnsupportedOperatorError, capture
from octavo.graph.execute import execute


class Block(nn.Module):
    """A residual block, as torchvision writes it: one ReLU module that is called twice, and a plain sum."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(3, 3), batch_norm(3)
        self.conv2, self.bn2 = conv(3, 3), batch_norm(3)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the block."""
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        y += x
        return self.relu(y)


def names(graph):
    return [node.name for node in graph.nodes]


def test_nodes_have_the_names_that_the_user_gave():
    graph = assert_captures(nn.Sequential(Block(), nn.Sequential(conv(3, 4), nn.ReLU())), image())
    first = ["0.conv1", "0.bn1", "0.relu", "0.conv2", "0.bn2", "0.add", "0.relu@1"]
    assert names(graph) == [*first, "1.0", "1.1"]


def test_a_module_that_is_called_twice_gives_two_names():
    model = Network(lambda net, x: net.conv(net.conv(x)) + net.conv(x), conv=conv(3, 3))
    assert names(assert_captures(model, image())) == ["conv", "conv@1", "conv@2", "add"]


def test_a_functional_call_is_named_after_its_weight_or_its_module():
    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 2)

        def forward(self, x):
            return F.linear(F.adaptive_avg_pool2d(x, 1).flatten(1), self.fc.weight).relu()

    graph = assert_captures(nn.Sequential(Head()), image())
    assert names(graph) == ["0.adaptive_avg_pool", "0.reshape", "0.fc", "0.clamp"]


def test_what_is_returned_keeps_its_structure():
    def function(net, x):
        y = net.conv(x)
        return {"features": (y, [x, None]), "again": y, "logits": y.mean((2, 3))}

    graph = graph_of(Network(function, conv=conv(3, 4)), image())
    first, second, third = 0, 1, 2
    assert graph.structure == {
        "dict": {"features": {"tuple": [first, [second, None]]}, "again": first, "logits": third}
    }
    assert len(graph.outputs) == 3 and graph.outputs[1] == graph.inputs[0].name


def test_inputs_are_in_the_order_of_the_call_and_keep_their_names():
    class Two(nn.Module):
        def forward(self, left, right):
            return left - right[:, :3]

    sample = {"right": image(channels=5), "left": image()}
    captured = capture(Two(), sample)
    assert [i.name for i in captured.signature.inputs] == ["right", "left"]
    bound = captured.signature.bind({"left": sample["left"], "right": sample["right"]}, "sample")
    (actual,) = execute(captured.graph, bound)
    assert torch.equal(actual, sample["left"] - sample["right"][:, :3])


def test_inputs_may_be_nested():
    model = Network(lambda net, images: images["a"] + images["pair"][0] * images["pair"][1])
    captured = capture(model, ({"a": image(), "pair": [image(), image()]},))
    assert len(captured.signature.inputs) == 3
    assert types(captured.graph) == ["mul", "add"]


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_captured_in_evaluation_mode_and_left_in_its_own(training):
    model = nn.Sequential(conv(3, 4), nn.Dropout(0.9), batch_norm(4)).train(training)
    model[2].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert types(capture(model, image()).graph) == ["conv", "affine"]
    assert [module.training for module in model] == [training, training, False]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: net.conv(x).relu_().add_(1).mul_(2),
        lambda net, x: (lambda y: (F.relu(y, inplace=True), y)[1])(net.conv(x)),
        lambda net, x: (lambda y: (y.view(y.shape[0], -1), y.relu_())[1])(net.conv(x)),
    ],
    ids=["chain", "result ignored", "view made before"],
)
def test_operators_in_place(function):
    assert_captures(Network(function, conv=conv(3, 4)), image())


def test_reading_a_view_of_what_was_overwritten_is_refused():
    def function(net, x):
        y = net.conv(x)
        view = y.view(y.shape[0], -1)
        return y.relu_().flatten(1) + view

    with pytest.raises(UnsupportedOperatorError, match="overwrites memory"):
        graph_of(Network(function, conv=conv(3, 4)), image())


def test_what_does_not_depend_on_the_inputs_is_computed_once():
    model = Network(lambda net, x: net.conv(x) + torch.arange(12.0).sin(), conv=conv(3, 4))
    assert types(assert_captures(model, image())) == ["conv", "affine"]


def test_dead_code_may_be_anything():
    assert types(graph_of(Network(lambda net, x: (x.cumsum(1), x.relu())[1]), image())) == ["clamp"]


def test_all_operators_that_are_not_supported_are_listed_with_layer_and_remedy():
    class Odd(nn.Module):
        def forward(self, x):
            return torch.cumprod(x, 1).flip(1)

    with pytest.raises(UnsupportedOperatorError) as caught:
        capture(nn.Sequential(conv(3, 4), Odd(), Network(lambda net, x: x.sort(1)[0])), image())
    listed = [(o.operator, o.layer) for o in caught.value.operators]
    assert listed == [("aten.cumprod.default", "1"), ("aten.flip.default", "1"), ("aten.sort.default", "2")]
    assert str(caught.value).startswith("3 operators of the model cannot be expressed in a program:\n  layer '1': ")
    assert str(caught.value).count("Remedy: ") == 3


@pytest.mark.parametrize(
    ("model", "example", "message"),
    [
        (nn.Linear(3, 2).forward, torch.zeros(1, 3), "expected a torch.nn.Module, got a method"),
        (nn.Linear(3, 2).double(), torch.zeros(1, 3), "parameter 'weight' is torch.float64"),
        (nn.Linear(3, 2).to("meta"), torch.zeros(1, 3), "parameter 'weight' is on meta"),
        (nn.Embedding(3, 2), torch.zeros(1, 3, dtype=torch.int32), "a tensor of torch.int32"),
        (nn.Linear(3, 2), (torch.zeros(1, 3), 2), "hold a int (2)"),
        (nn.Linear(3, 2), "zeros", "a sample is a str"),
        (nn.Linear(3, 2), torch.zeros(1, 4), "torch.export could not capture Linear"),
        (Network(lambda net, x: x if x.sum() > 0 else -x), torch.zeros(1, 3), "could not capture"),
        (Network(lambda net, x: (x, torch.ones(2))), torch.zeros(1, 3), "does not depend on its inputs"),
        (Network(lambda net, x: {1: x}), torch.zeros(1, 3), "a dict with the key 1"),
    ],
    ids=[
        "method", "float64", "meta", "integers", "number", "text", "wrong shape", "branch on data", "constant output",
        "integer key",
    ],
)  # fmt: skip
def test_refuses(model, example, message):
    with pytest.raises(CaptureError) as caught:
        capture(model, example)
    assert message in str(caught.value)
