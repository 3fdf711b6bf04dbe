"""Training for 8 bits in graph mode."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from octavo.graph import CalibrationError, ConversionError
from octavo.nn.intrinsic.qat import freeze_bn_stats
from octavo.qconfig import QConfigMapping, get_default_qat_qconfig_mapping, get_default_qconfig_mapping
from octavo.recipe import convert_fx, prepare_qat_fx


class Net(nn.Module):
    """Inverted and plain residuals, a batch norm that stands alone, dropout, pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.block = nn.Sequential(
            nn.Conv2d(8, 24, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU6(),
            nn.Conv2d(24, 24, 3, 1, 1, groups=24, bias=False), nn.BatchNorm2d(24), nn.ReLU6(),
            nn.Conv2d(24, 8, 1, bias=False), nn.BatchNorm2d(8),
        )  # fmt: skip
        self.pre = nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 8, 3, 1, 1), nn.BatchNorm2d(8)
        self.drop, self.fc = nn.Dropout(0.3), nn.Linear(8 * 16, 6)

    def forward(self, x: Tensor) -> Tensor:
        """Compute [n, 6] of [n, 3, 16, 16]."""
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.pre(x + self.block(x))
        x = torch.relu(self.bn2(self.conv2(x)) + x)
        x = F.adaptive_avg_pool2d(F.max_pool2d(x, 2), 4)
        return self.fc(self.drop(torch.flatten(x, 1)))


def batch(count: int = 16) -> tuple[Tensor, Tensor]:
    """Draw images, and labels that depend on them."""
    x = torch.randn(count, 3, 16, 16)
    return x, x[:, :, :4, :2].flatten(1)[:, :6].argmax(1)


def train(model: nn.Module, steps: int = 5, seed: int = 0, lr: float = 0.02) -> list[float]:
    """Train a model and return the losses."""
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr)
    losses = []
    for _ in range(steps):
        x, labels = batch()
        loss = F.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.fixture
def model() -> Net:
    """Return the network."""
    torch.manual_seed(0)
    return Net()


def prepared(model: nn.Module, mapping: QConfigMapping | None = None, **custom: object) -> nn.Module:
    """Prepare a model to be trained."""
    mapping = get_default_qat_qconfig_mapping() if mapping is None else mapping
    return prepare_qat_fx(model, mapping, (batch(2)[0],), custom)


@pytest.mark.parametrize("backend", ["x86", "qnnpack"])
def test_the_converted_model_gives_what_evaluation_gave(model, backend):
    trained = prepared(model, get_default_qat_qconfig_mapping(backend))
    train(trained)
    quantized = convert_fx(trained.eval())
    assert all(layer.int8 for layer in quantized.layers)
    x, _ = batch(500)
    simulated, got = trained(x).detach(), quantized(x)
    (last,) = (o for o in quantized.program.operators if o.name == "fc")
    step = quantized.program.values[last.outputs[0]].scale
    off = ((simulated - got) / step).round().abs()
    assert (off <= 1).float().mean() >= 0.999 and len(got.unique()) > 50
    assert (off == 0).float().mean() > 0.99


def test_training_with_the_batchs_own_statistics(model):
    trained = prepared(model).train()
    before = copy.deepcopy(trained.state_dict())
    losses = train(trained, 60, lr=0.1)
    assert sum(losses[-10:]) < 0.85 * sum(losses[:10])
    moved = {name for name, tensor in trained.state_dict().items() if not torch.equal(before[name], tensor)}
    assert {
        "conv1.weight",
        "conv1.bn.running_mean",
        "conv1.bn.weight",
        "block.3.weight",
        "fc.bias",
        "pre.bn.bias",
    } <= moved
    assert "pre.weight" not in moved
    assert torch.equal(model.conv1.weight, before["conv1.weight"]), "the model itself was trained"


def test_in_training_a_layer_and_its_batch_norm_are_those_of_the_float_model(model):
    trained = prepared(model).train()
    for module in trained.modules():
        if hasattr(module, "disable_fake_quant"):
            module.disable_fake_quant()
    trained.drop.p = model.drop.p = 0.0
    x, _ = batch()
    torch.testing.assert_close(trained(x), model.train()(x), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(trained.get_buffer("block.0.bn.running_var"), model.block[1].running_var)
    torch.testing.assert_close(trained.eval()(x), model.eval()(x), rtol=1e-3, atol=1e-4)


def test_modes(model):
    trained = prepared(model)
    assert trained.training
    assert not prepared(model.eval()).training
    x, _ = batch()
    trained(x)
    assert not torch.equal(trained(x), trained(x)), "dropout does nothing"
    trained.eval()
    assert torch.equal(trained(x), trained(x))
    statistics = trained.get_buffer("conv1.bn.running_mean").clone()
    trained(x)
    assert torch.equal(trained.get_buffer("conv1.bn.running_mean"), statistics)
    trained.train().apply(freeze_bn_stats)
    trained(x)
    assert torch.equal(trained.get_buffer("conv1.bn.running_mean"), statistics)


def test_training_is_resumed_from_a_state_dict(model, tmp_path):
    first = prepared(model)
    train(first, 3)
    torch.save(first.state_dict(), tmp_path / "m.pt")
    second = prepared(Net())
    second.load_state_dict(torch.load(tmp_path / "m.pt", weights_only=True))
    assert train(first, 2, seed=1) == train(second, 2, seed=1)
    x, _ = batch()
    assert torch.equal(convert_fx(first)(x), convert_fx(second)(x))
    assert torch.equal(convert_fx(copy.deepcopy(first))(x), convert_fx(first)(x))


def test_layers_that_stay_in_float_train_with_their_batch_norm(model):
    mapping = get_default_qat_qconfig_mapping().set_module_name("conv1", None).set_module_name("fc", None)
    trained = prepared(model, mapping)
    train(trained, 3)
    quantized = convert_fx(trained.eval())
    assert {layer.name for layer in quantized.layers if not layer.int8} == {"conv1", "fc"}
    x, _ = batch(50)
    # Float sums differ in their order, which may move a value of the next layer by a step.
    torch.testing.assert_close(trained(x), quantized(x), rtol=0.02, atol=0.01)


def test_rounding_only_where_it_must(model):
    trained = prepared(model, layerwise=False)
    train(trained, 3)
    quantized = convert_fx(trained.eval())
    assert quantized.program.outputs == ("fc",)
    x, _ = batch(50)
    torch.testing.assert_close(trained(x), quantized(x), rtol=0.02, atol=0.01)


def test_a_layer_called_twice_is_trained_once():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv2d(3, 3, 3, padding=1), nn.Linear(3, 6)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(torch.relu(self.conv(torch.relu(self.conv(x)))).mean((2, 3)))

    trained = prepared(Twice())
    assert [name for name, _ in trained.named_parameters()] == ["conv.weight", "conv.bias", "fc.weight", "fc.bias"]
    train(trained, 3)
    quantized = convert_fx(trained.eval())
    x, _ = batch(50)
    assert torch.equal(trained(x), quantized(x))


def test_what_the_model_does_not_train_is_not_trained(model):
    model.conv1.weight.requires_grad_(False)
    trained = prepared(model)
    assert not trained.get_parameter("conv1.weight").requires_grad
    assert trained.get_parameter("conv2.weight").requires_grad


def test_transposed_convolutions_and_linear_layers_with_batch_norm():
    model = nn.Sequential(
        nn.ConvTranspose2d(3, 4, 2, 2, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 6),
    )  # fmt: skip
    trained = prepared(model)
    train(trained, 3)
    quantized = convert_fx(trained.eval())
    assert {layer.name for layer in quantized.layers if layer.type != "reshape"} == {"0", "1", "3", "5", "8"}
    x, _ = batch(50)
    assert ((trained(x) - quantized(x)).abs() < 1e-6).float().mean() > 0.99


class TestErrors:
    """What goes wrong, and what is said about it."""

    def test_observers_do_not_train(self, model):
        with pytest.raises(
            ConversionError, match=r"layer 'x': its QConfig makes HistogramObserver .*qat_qconfig_mapping"
        ):
            prepared(model, get_default_qconfig_mapping())

    def test_convert_before_training(self, model):
        with pytest.raises(CalibrationError, match=r"convert_fx: layer '.*': no tensor was observed"):
            convert_fx(prepared(model))

    def test_report_needs_a_float_model(self, model):
        trained = prepared(model)
        train(trained, 1)
        with pytest.raises(ValueError, match="needs the float module"):
            convert_fx(trained).report()
