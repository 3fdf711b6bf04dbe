"""torch.compile sees one graph."""

import pytest
import torch

from octavo import fake_quantize as fq
from octavo.fake_quantize import LearnedFakeQuantize
from octavo.observers import MinMaxObserver

_FACTORIES = {
    "per tensor": fq.default_fake_quant,
    "per channel": fq.default_per_channel_weight_fake_quant,
    "learned": LearnedFakeQuantize.with_args(observer=MinMaxObserver),
}


@pytest.mark.filterwarnings("ignore:.*should not be instantiated")  # torch's own, while it traces an autograd function
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("name", _FACTORIES)
def test_same_numbers_and_gradients_in_one_graph(name, backend):
    torch._dynamo.reset()
    plain, module = _FACTORIES[name](), _FACTORIES[name]()
    batches = [torch.randn(4, 6, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]
    for each in (plain, module):
        each(batches[0])  # the number of channels, or the learned scale, is set outside of the graph
    compiled = torch.compile(module, backend=backend, fullgraph=True)
    for batch in batches:
        x, y = batch.clone().requires_grad_(), batch.clone().requires_grad_()
        first, second = plain(x), compiled(y)
        assert torch.equal(first, second)
        first.square().sum().backward()
        second.square().sum().backward()
        assert torch.equal(x.grad, y.grad)
    assert all(torch.equal(value, module.state_dict()[key]) for key, value in plain.state_dict().items())
    module.disable_fake_quant()
    module.disable_observer()
    assert torch.equal(compiled(batches[0]), batches[0])
    module.enable_fake_quant()
    module.eval()
    plain.eval()
    assert torch.equal(compiled(batches[1]), plain(batches[1]))
