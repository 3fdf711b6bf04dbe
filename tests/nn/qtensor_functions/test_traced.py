"""A function that torch.export has traced gives the same integers as the one that was called."""

from __future__ import annotations

import pytest
import torch
from tests.nn.qtensor_functions.functions import AVERAGES, FIXED, KEEPING, MOVING, SHAPES
from torch import nn
from torch.export import Dim, export

from octavo.nn import QTensor, conversions

CASES = [
    *(pytest.param(r, f, id=f"{name}-{r}") for r, fs in MOVING.items() for name, f in fs.items()),
    *(pytest.param(r, f, id=f"{name}-{r}") for r, fs in AVERAGES.items() for name, f in fs.items()),
    *(pytest.param(4, f, id=name) for name, f in KEEPING.items()),
    *(pytest.param(4, f[0], id=name) for name, f in FIXED.items()),
]


class Model(nn.Module):
    """Take integers, give the function's."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, q):
        return self.function(QTensor(q, 0.02, 100)).int_repr()


@pytest.mark.parametrize(("rank", "function"), CASES)
def test_traced_is_eager(rank, function):
    q = torch.randint(0, 256, SHAPES[rank], dtype=torch.uint8, generator=torch.Generator().manual_seed(rank))
    model = Model(function).eval()
    with conversions.recording() as seen:
        exported = export(model, (q,)).module()
    assert seen.total() == 0
    other = 255 - q
    assert torch.equal(exported(other), model(other))


BATCHED = {
    3: ("flatten", "transpose", "slice", "chunk", "cat", "max_pool1d", "mean spatial", "mean of tokens", "pad"),
    4: ("max_pool2d", "adaptive_max_pool2d", "pixel_shuffle", "channel_shuffle", "mean", "adaptive_avg_pool2d",
        "nn.AvgPool2d", "interpolate"),
    5: ("avg_pool3d", "max_pool3d", "mean"),
}  # fmt: skip


@pytest.mark.parametrize(("rank", "name"), [(rank, name) for rank, names in BATCHED.items() for name in names])
def test_traced_at_one_batch_runs_at_another(rank, name):
    function = {**MOVING[rank], **AVERAGES[rank]}[name]
    shape = (2, *SHAPES[rank][1:])
    q = torch.randint(0, 256, (7, *shape[1:]), dtype=torch.uint8, generator=torch.Generator().manual_seed(rank))
    model = Model(function).eval()
    exported = export(model, (q[:2],), dynamic_shapes=({0: Dim("batch", min=1, max=16)},)).module()
    for n in (1, 7):
        assert torch.equal(exported(q[:n]), model(q[:n]))
