"""Fusing: what comes of known sequences, and what is refused."""

import re

import pytest
import torch
from eager_networks import FUSED, Residual, images, randomized, residual
from torch import nn

from octavo import eager
from octavo.eager import FusionError, ModeError
from octavo.graph import capture
from octavo.graph.passes import run_passes
from octavo.nn import intrinsic

SEQUENCES = {
    "conv1d_bn": (nn.Conv1d(4, 6, 3), nn.BatchNorm1d(6)),
    "conv1d_bn_relu": (nn.Conv1d(4, 6, 3), nn.BatchNorm1d(6), nn.ReLU()),
    "conv2d_bn": (nn.Conv2d(4, 6, 3, groups=2, bias=False), nn.BatchNorm2d(6)),
    "conv2d_bn_relu": (nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6, affine=False), nn.ReLU()),
    "conv3d_bn": (nn.Conv3d(4, 6, 3), nn.BatchNorm3d(6)),
    "conv3d_bn_relu": (nn.Conv3d(4, 6, 3), nn.BatchNorm3d(6), nn.ReLU()),
    "conv1d_relu": (nn.Conv1d(4, 6, 3), nn.ReLU()),
    "conv2d_relu": (nn.Conv2d(4, 6, 3), nn.ReLU()),
    "conv3d_relu": (nn.Conv3d(4, 6, 3), nn.ReLU()),
    "linear_bn": (nn.Linear(4, 6), nn.BatchNorm1d(6)),
    "linear_relu": (nn.Linear(4, 6), nn.ReLU()),
    "linear_leaky_relu": (nn.Linear(4, 6), nn.LeakyReLU()),
    "linear_tanh": (nn.Linear(4, 6), nn.Tanh()),
    "bn2d_relu": (nn.BatchNorm2d(4), nn.ReLU()),
    "bn3d_relu": (nn.BatchNorm3d(4), nn.ReLU()),
    "convtranspose1d_bn": (nn.ConvTranspose1d(4, 6, 3), nn.BatchNorm1d(6)),
    "convtranspose2d_bn": (nn.ConvTranspose2d(4, 6, 3, groups=2), nn.BatchNorm2d(6)),
    "convtranspose3d_bn": (nn.ConvTranspose3d(4, 6, 3, bias=False), nn.BatchNorm3d(6)),
}
SHAPES = {"1d": (2, 4, 9), "2d": (2, 4, 7, 7), "3d": (2, 4, 5, 5, 5), "linear": (3, 4)}
FUSED_CLASSES = {
    "conv1d_bn": nn.Conv1d, "conv1d_bn_relu": intrinsic.ConvReLU1d, "conv2d_bn": nn.Conv2d,
    "conv2d_bn_relu": intrinsic.ConvReLU2d, "conv3d_bn": nn.Conv3d, "conv3d_bn_relu": intrinsic.ConvReLU3d,
    "conv1d_relu": intrinsic.ConvReLU1d, "conv2d_relu": intrinsic.ConvReLU2d, "conv3d_relu": intrinsic.ConvReLU3d,
    "linear_bn": nn.Linear, "linear_relu": intrinsic.LinearReLU, "linear_leaky_relu": intrinsic.LinearLeakyReLU,
    "linear_tanh": intrinsic.LinearTanh, "bn2d_relu": intrinsic.BNReLU2d, "bn3d_relu": intrinsic.BNReLU3d,
    "convtranspose1d_bn": nn.ConvTranspose1d, "convtranspose2d_bn": nn.ConvTranspose2d,
    "convtranspose3d_bn": nn.ConvTranspose3d,
}  # fmt: skip
QAT_CLASSES = {
    "conv1d_bn": intrinsic.ConvBn1d, "conv1d_bn_relu": intrinsic.ConvBnReLU1d, "conv2d_bn": intrinsic.ConvBn2d,
    "conv3d_bn": intrinsic.ConvBn3d, "conv3d_bn_relu": intrinsic.ConvBnReLU3d, "linear_bn": intrinsic.LinearBn1d,
    "conv2d_relu": intrinsic.ConvReLU2d,
}  # fmt: skip


def names_of(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_children()]


@pytest.mark.parametrize("case", SEQUENCES)
def test_a_known_sequence_computes_the_same(case: str) -> None:
    model = randomized(nn.Sequential(*SEQUENCES[case])).eval()
    fused = eager.fuse_modules(model, names_of(model))
    assert type(fused[0]) is FUSED_CLASSES[case]
    assert all(type(rest) is nn.Identity for rest in fused[1:])
    x = torch.randn(SHAPES[next(key for key in SHAPES if key in case)])
    torch.testing.assert_close(fused(x), model(x), rtol=1e-4, atol=1e-5)
    assert len(model) == len(SEQUENCES[case]) and type(model[0]) is type(SEQUENCES[case][0])


@pytest.mark.parametrize("case", QAT_CLASSES)
def test_a_sequence_to_train_keeps_its_batch_norm(case: str) -> None:
    model = randomized(nn.Sequential(*SEQUENCES[case])).train()
    fused = eager.fuse_modules_qat(model, names_of(model))
    assert type(fused[0]) is QAT_CLASSES[case]
    x = torch.randn(SHAPES[next(key for key in SHAPES if key in case)])
    torch.testing.assert_close(fused(x), model(x))


def test_folding_gives_the_bits_of_the_graph_front_door() -> None:
    model = residual()
    fused = eager.fuse_modules(model, FUSED)
    nodes = {node.name: node for node in run_passes(capture(model, (images(),)).graph).nodes}
    for name, layer in (("conv1", fused.conv1[0]), ("conv2", fused.conv2)):
        assert torch.equal(layer.weight, nodes[name].constants["weight"])
        assert torch.equal(layer.bias, nodes[name].constants["bias"])


def test_one_list_of_names_and_in_place() -> None:
    model = residual()
    assert eager.fuse_modules(model, ["conv1", "bn1", "relu1"], inplace=True) is model
    assert type(model.conv1) is intrinsic.ConvReLU2d and type(model.bn1) is nn.Identity


def test_nested_names() -> None:
    model = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())).eval()
    assert type(eager.fuse_modules(model, [["0.0", "0.1"]])[0][0]) is intrinsic.ConvReLU2d


def test_hooks_of_the_ends_move_to_the_fused_module() -> None:
    model, seen = residual(), []
    model.conv1.register_forward_pre_hook(lambda module, args: seen.append("before"))
    model.relu1.register_forward_hook(lambda module, args, y: seen.append("after"))
    fused = eager.fuse_modules(model, FUSED)
    fused(images())
    assert seen == ["before", "after"]


def test_a_fuser_of_the_users_own() -> None:
    config = {"additional_fuser_method_mapping": {(nn.Conv2d, nn.Hardtanh): lambda is_qat, conv, _: conv}}
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Hardtanh()).eval()
    fused = eager.fuse_modules(model, ["0", "1"], fuse_custom_config_dict=config)
    assert type(fused[0]) is nn.Conv2d and type(fused[1]) is nn.Identity


def test_a_fuser_function_of_the_users_own() -> None:
    def swap(modules: list[nn.Module], is_qat: bool, additional: object) -> list[nn.Module]:
        return modules[::-1]

    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Hardtanh())
    assert type(eager.fuse_modules(model, ["0", "1"], fuser_func=swap)[0]) is nn.Hardtanh


def test_what_cannot_be_fused_is_named_with_what_can() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sigmoid()).eval()
    said = re.escape("fuse_modules: ['0', '1']: modules of the classes (Conv2d, Sigmoid) cannot be fused; these can: ")
    with pytest.raises(FusionError, match=said + r".*\(Conv2d, BatchNorm2d, ReLU\).*Remedy: leave them apart"):
        eager.fuse_modules(model, ["0", "1"])


def test_fusing_twice_shows_what_the_modules_have_become() -> None:
    fused = eager.fuse_modules(residual(), FUSED)
    with pytest.raises(FusionError, match=r"classes \(ConvReLU2d, Identity, Identity\) cannot be fused"):
        eager.fuse_modules(fused, FUSED)


def test_a_name_that_is_not_there() -> None:
    said = "this Residual has no module 'convl'; similar ones are conv.*Remedy: use full names as in model.named_mod"
    with pytest.raises(FusionError, match=said):
        eager.fuse_modules(residual(), ["convl", "bn1"])


def test_folding_in_training_mode() -> None:
    said = r"\(Conv2d, BatchNorm2d, ReLU\) are in training mode, but folding .* Remedy: call model.eval\(\) first, or "
    with pytest.raises(ModeError, match=said + "fuse_modules_qat"):
        eager.fuse_modules(Residual(), FUSED)


def test_modes_that_differ() -> None:
    model = residual()
    model.bn1.train()
    said = (
        r"are in different modes \(evaluation, training, evaluation\). Remedy: call model.eval\(\) or model.train\(\)"
    )
    with pytest.raises(ModeError, match=said):
        eager.fuse_modules_qat(model, FUSED)


@pytest.mark.parametrize(
    ("norm", "said"),
    [
        (nn.BatchNorm2d(5), "the batch norm has 5 features, the layer gives 4 channels"),
        (nn.BatchNorm2d(4, track_running_stats=False), "has no running statistics; expected track_running_stats=True"),
        (nn.BatchNorm2d(4, affine=False), "has no weight and bias to train; expected affine=True"),
    ],
)
def test_a_batch_norm_that_does_not_fit(norm: nn.Module, said: str) -> None:
    with pytest.raises(FusionError, match=said):
        eager.fuse_modules_qat(nn.Sequential(nn.Conv2d(3, 4, 1), norm), ["0", "1"])


def test_a_transposed_convolution_to_train() -> None:
    said = "cannot be trained for 8 bits as one layer. Remedy: call model.eval.. and fuse_modules first"
    with pytest.raises(FusionError, match=said):
        eager.fuse_modules_qat(nn.Sequential(nn.ConvTranspose2d(3, 4, 1), nn.BatchNorm2d(4)), ["0", "1"])


def test_parts_of_another_class_are_refused() -> None:
    with pytest.raises(TypeError, match=r"ConvReLU2d: got \(Conv1d, ReLU\), expected \(Conv2d, ReLU\)"):
        intrinsic.ConvReLU2d(nn.Conv1d(3, 4, 1), nn.ReLU())


def test_a_convolution_with_a_sum() -> None:
    conv, x, y = nn.Conv2d(3, 4, 1), torch.randn(1, 3, 2, 2), torch.randn(1, 4, 2, 2)
    assert torch.equal(intrinsic.ConvAdd2d(conv, torch.add)(x, y), conv(x) + y)
    assert torch.equal(intrinsic.ConvAddReLU2d(conv, torch.add, nn.ReLU())(x, y), (conv(x) + y).relu())
