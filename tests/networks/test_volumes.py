"""Networks over volumes, and decoders with transposed convolutions: equal on every executor, and near to float."""

import numpy as np
import pytest
import torch
from convert_network import quantize
from torch import Tensor, nn

from octavo import _core
from octavo.numerics import sqnr
from octavo.program import reference
from octavo.runtime import LoadedProgram


class UNet(nn.Module):
    """Encode in two steps, decode with transposed convolutions, and join what the encoder saw."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.middle = block(3, 12), block(12, 20), block(20, 28)
        self.up2, self.up1 = up(28, 20), up(40, 12)
        self.last = nn.ConvTranspose2d(24, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, 3, h, w] to [n, 3, h, w], h and w multiples of 4."""
        a = self.first(x)
        b = self.second(nn.functional.max_pool2d(a, 2))
        c = self.middle(nn.functional.max_pool2d(b, 2))
        y = torch.cat([self.up2(c), b], 1)
        return self.last(torch.cat([self.up1(y), a], 1))


def block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def up(inputs: int, outputs: int) -> nn.Sequential:
    transposed = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(transposed, nn.BatchNorm2d(outputs), nn.ReLU())


def volume_classifier() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(2, 16, 3, padding=1), nn.BatchNorm3d(16), nn.ReLU(), nn.MaxPool3d((1, 2, 2)),
        nn.Conv3d(16, 16, 3, padding=1, groups=16), nn.Conv3d(16, 24, 1), nn.BatchNorm3d(24), nn.ReLU6(),
        nn.AvgPool3d(2), nn.Conv3d(24, 32, (3, 1, 1), stride=2, padding=(1, 0, 0)), nn.ReLU(),
        nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip


def volume_decoder() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(2, 24, 3, stride=2, padding=1), nn.BatchNorm3d(24), nn.ReLU(),
        nn.ConvTranspose3d(24, 24, 4, stride=2, padding=1, groups=4), nn.BatchNorm3d(24), nn.ReLU(),
        nn.Conv3d(24, 3, 1),
    )  # fmt: skip


def wave_decoder() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(6, 32, 3, padding=1), nn.ReLU(),
        nn.ConvTranspose1d(32, 16, 8, stride=4, padding=2), nn.BatchNorm1d(16), nn.LeakyReLU(0.1),
        nn.ConvTranspose1d(16, 16, 4, stride=2, padding=1, groups=16), nn.ReLU(),
        nn.Conv1d(16, 1, 7, padding=3), nn.Tanh(),
    )  # fmt: skip


NETWORKS = {
    "u-net": (UNet, (2, 3, 16, 20), 30),
    "volume classifier": (volume_classifier, (2, 2, 6, 8, 10), 43),
    "volume decoder": (volume_decoder, (2, 2, 6, 8, 10), 31),
    "wave decoder": (wave_decoder, (2, 6, 24), 37),
}
"""Model, shape of its input, and the SQNR in dB that its program must exceed: 3 below the least of three seeds."""


def measured(name: str) -> tuple[nn.Module, list[np.ndarray]]:
    """Build a network whose batch norms have the statistics of its data, and data that it has not seen."""
    torch.manual_seed(3)
    make, shape, _ = NETWORKS[name]
    model = make()
    rng = np.random.default_rng(3)
    data = [rng.normal(0, 1, shape).astype(np.float32) for _ in range(4)]
    with torch.no_grad():
        for x in data:
            model(torch.from_numpy(x))
    return model.eval(), data


@pytest.mark.parametrize("name", NETWORKS)
def test_all_layers_in_int8_and_equal_everywhere(name):
    model, data = measured(name)
    quantized = quantize(model, data)
    assert [layer.name for layer in quantized.layers if not layer.int8] == [
        record
        for record in ("8",)
        if name == "wave decoder"  # what follows the last layer is exact in float
    ]
    kinds = [operator.type for operator in quantized.program.operators]
    weighted = [m for m in model.modules() if isinstance(m, nn.modules.conv._ConvNd | nn.Linear)]
    assert sum(kind in ("conv", "conv_transpose", "linear") for kind in kinds) == len(weighted)
    assert kinds.count("conv_transpose") == sum(m.transposed for m in weighted if not isinstance(m, nn.Linear))
    x = np.random.default_rng(4).normal(0, 1, (3, *NETWORKS[name][1][1:])).astype(np.float32)
    (expected,) = reference.run(quantized.program, [x])
    for isa in _core.supported_isas():
        for threads in (1, 2):
            np.testing.assert_array_equal(LoadedProgram(quantized.program, threads=threads, isa=isa)(x), expected)
    with torch.no_grad():
        assert sqnr(model(torch.from_numpy(x)), torch.from_numpy(expected)) > NETWORKS[name][2]


def test_volumes_of_another_size():
    model, data = measured("volume decoder")
    more = [np.ascontiguousarray(data[0][:, :, :4, :6]), data[1]]
    quantized = quantize(model, more)
    x = np.random.default_rng(5).normal(0, 1, (1, 2, 10, 4, 10)).astype(np.float32)
    (expected,) = reference.run(quantized.program, [x])
    np.testing.assert_array_equal(quantized.loaded(x), expected)
    with torch.no_grad():
        assert sqnr(model(torch.from_numpy(x)), torch.from_numpy(expected)) > 25
