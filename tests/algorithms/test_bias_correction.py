"""What quantization shifts, the bias takes back."""

from functools import partial

import pytest
import torch
from torch import nn

from octavo.algorithms import LayerByLayer
from octavo.graph import quantize_static
from octavo.program import reference

CORRECTED = (partial(LayerByLayer, rounding="nearest"),)


def shifted(groups: int) -> nn.Sequential:
    """A layer whose inputs have large means: they come out of a ReLU with a large bias."""
    torch.manual_seed(groups)
    model = nn.Sequential(
        nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Conv2d(16, 12, 3, padding=0, groups=groups), nn.Flatten(), nn.Linear(432, 5)
    )
    with torch.no_grad():
        model[0].bias.uniform_(0.5, 3.0)
        model[2].weight[:, :, 0, 0] *= 20  # a wide range leaves the other taps few steps
    return model.eval()


def shifted_transposed(groups: int, axes: int) -> nn.Sequential:
    """The same before a transposed convolution, or over volumes."""
    torch.manual_seed(groups)
    if axes == 2:
        layers = [nn.Conv2d(8, 16, 3), nn.ReLU(), nn.ConvTranspose2d(16, 12, 4, stride=2, groups=groups)]
    else:
        layers = [nn.Conv3d(8, 16, 1), nn.ReLU(), nn.Conv3d(16, 12, 2, groups=groups)]
    with torch.no_grad():
        layers[0].bias.uniform_(0.5, 3.0)
        layers[2].weight[..., 0] *= 20
    return nn.Sequential(*layers).eval()


def mean_error(model: nn.Module, data: list[torch.Tensor], layer: str, corrections: tuple) -> torch.Tensor:
    """The mean over the data, for each channel, of what int8 changes in one layer's output."""
    conversion = quantize_static(model, data[0], data, corrections=corrections)
    output = next(record.output for record in conversion.layers if record.name == layer)
    value = conversion.program.values[output]
    differences = []
    for x in data:
        values = reference.run(conversion.program, [x.numpy()], keep=True)
        integers = torch.from_numpy(values[output]).double()
        real = integers if value.scale is None else (integers - value.zero_point) * value.scale
        with torch.no_grad():
            expected = model[: int(layer) + 1](x).double()
        differences.append((real - expected).transpose(0, 1).flatten(1))
    return torch.cat(differences, 1).mean(1)


@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize("layer", ["2", "4"])
def test_removes_most_of_the_mean_error(groups, layer):
    generator = torch.Generator().manual_seed(7)
    data = [torch.randn(4, 8, 10, 10, generator=generator) for _ in range(8)]
    model = shifted(groups)
    before = mean_error(model, data, layer, ())
    after = mean_error(model, data, layer, CORRECTED)
    # What is left is the rounding of the output, and of the border of padded inputs.
    assert after.abs().mean() < 0.4 * before.abs().mean()


@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize("axes", [2, 3])
def test_transposed_convolutions_and_volumes(groups, axes):
    generator = torch.Generator().manual_seed(7)
    shape = (4, 8, 12, 12) if axes == 2 else (2, 8, 5, 6, 7)
    data = [torch.randn(shape, generator=generator) for _ in range(8)]
    model = shifted_transposed(groups, axes)
    before = mean_error(model, data, "2", ())
    after = mean_error(model, data, "2", CORRECTED)
    # Outputs at the border of a transposed convolution see fewer taps, which the correction does not count.
    assert after.abs().mean() < 0.5 * before.abs().mean()


def test_leaves_float_layers_and_the_model_alone():
    from octavo.qconfig import default_static

    model = shifted(1)
    data = [torch.randn(2, 8, 10, 10)]
    state = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    mapping = default_static().set_module_name("2", None)
    program = quantize_static(model, data[0], data, mapping, corrections=CORRECTED).program
    kept = next(operator for operator in program.operators if operator.name == "2")
    torch.testing.assert_close(
        torch.from_numpy(program.constants[kept.constants["bias"]]), model[2].bias.detach(), rtol=0, atol=0
    )
    for key, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, state[key], rtol=0, atol=0)
