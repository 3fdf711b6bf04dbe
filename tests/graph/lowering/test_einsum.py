"""Einstein sums as products of matrices, linear layers and products by element, at sizes that were never seen."""

import pytest
import torch
from small_networks import Network, reasons, types
from text_networks import assert_graph_computes
from torch import nn

from octavo.graph import capture
from octavo.graph.passes import run_passes

torch.manual_seed(0)
W, E = torch.randn(16, 6), torch.randn(4, 4, 5)


def heads(x):
    return x.unflatten(2, (4, -1))


FORMS = {
    "rows by rows": (lambda x: torch.einsum("bid,bjd->bij", x, x), ["matmul"]),
    "implicit": (lambda x: torch.einsum("bti, ij", x, W), None),
    "heads where they lie": (lambda x: torch.einsum("bihd,bjhd->bhij", heads(x), heads(x)), None),
    "columns": (lambda x: torch.einsum("btd,bte->bde", x, x[..., :5]), None),
    "two summed axes": (lambda x: torch.einsum("bihd,bjhd->bij", heads(x), heads(x)), None),
    "ellipsis": (lambda x: torch.einsum("...id,...jd->...ij", heads(x), heads(x)), None),
    "a matrix": (lambda x: torch.einsum("btd,dk->btk", x, W), ["linear"]),
    "a matrix first, result turned": (lambda x: torch.einsum("dk,btd->kbt", W, x), ["linear", "permute"]),
    "heads by a matrix": (lambda x: torch.einsum("bihd,hdo->bio", heads(x), E), ["reshape", "reshape", "linear"]),
    "a matrix a head": (lambda x: torch.einsum("bihd,hde->bihe", heads(x), E), None),
    "factors": (lambda x: torch.einsum("btd,d->btd", x, W[:, 0]), None),
    "outer": (lambda x: torch.einsum("bi,bj->bij", x[..., 0], x[..., 1]), None),
    "scaled and added": (lambda x: torch.baddbmm(x @ x.mT, x, x.mT, beta=0.5, alpha=2.0), None),
    "not added": (lambda x: torch.baddbmm(x @ x.mT, x, x.mT, beta=0), None),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form(name):
    function, kinds = FORMS[name]
    model = Network(lambda net, x: function(x))
    captured = capture(model, (torch.randn(2, 3, 16),), samples=[(torch.randn(3, 7, 16),)])
    for batch, length in ((2, 3), (1, 1), (5, 9)):
        assert_graph_computes(captured, model, (torch.randn(batch, length, 16),))
    assert kinds is None or types(captured.graph) == kinds


class Attention(nn.Module):
    """Attention by two sums, the heads before or behind the tokens."""

    def __init__(self, turned):
        super().__init__()
        self.turned, self.qkv = turned, nn.Linear(16, 48)
        self.eval()

    def forward(self, x):
        q, k, v = (heads(part) for part in self.qkv(x).chunk(3, -1))
        if self.turned:
            q, k, v = (part.transpose(1, 2) for part in (q, k, v))
            weights = torch.softmax(torch.einsum("bhid,bhjd->bhij", q, k) * 0.5, -1)
            return torch.einsum("bhij,bhjd->bhid", weights, v).transpose(1, 2).flatten(2)
        weights = torch.softmax(torch.einsum("bihd,bjhd->bhij", q, k) * 0.5, -1)
        return torch.einsum("bhij,bjhd->bihd", weights, v).flatten(2)


@pytest.mark.parametrize("turned", [True, False])
def test_attention_by_sums_is_one_operator(turned):
    captured = capture(Attention(turned), (torch.randn(2, 3, 16),), samples=[(torch.randn(3, 7, 16),)])
    kinds = types(run_passes(captured.graph))
    assert kinds.count("attention") == 1 and not {"matmul", "softmax", "permute"} & set(kinds)


@pytest.mark.parametrize(
    ("equation", "operands", "reason"),
    [
        ("bii->bi", 1, "it has 1 operands"),
        ("bid,bjd,bkd->bijk", 3, "it has 3 operands"),
        ("bid,bjd->bi", 2, "sums over an axis that one operand alone has"),
        ("bid,bdd->bi", 2, "takes a diagonal"),
    ],
)
def test_refuses(equation, operands, reason):
    model = Network(lambda net, x: torch.einsum(equation, *[x] * operands))
    assert reason in reasons(model, torch.randn(2, 4, 4))
