"""Embeddings whose table is in 8 bits: who gets one, what it costs, and what is said of a wrong QConfig."""

import numpy as np
import pytest
import torch
from small_networks import in_float, quantize, run, sqnr_of
from torch import Tensor, nn

import octavo
from octavo.graph import ConversionError
from octavo.observers import MinMaxObserver, default_float_qparams_observer
from octavo.program import reference
from octavo.qconfig import QConfig, QConfigMapping, default_static, float_qparams_weight_only_qconfig

ROWS, DIM = 50, 24


def text(table: type[nn.Module]) -> nn.Sequential:
    """Return a model of a table, called "0", and a linear layer."""
    return nn.Sequential(table(ROWS, DIM), nn.Linear(DIM, 8)).eval()


def ids(*shape: int) -> Tensor:
    """Draw numbers of rows."""
    return torch.randint(0, ROWS, shape)


def with_tables(qconfig: QConfig = float_qparams_weight_only_qconfig) -> QConfigMapping:
    """Return the default of static quantization, and tables by a QConfig."""
    return default_static().set_object_type("embedding", qconfig).set_object_type(nn.EmbeddingBag, qconfig)


@pytest.mark.parametrize("table", [nn.Embedding, nn.EmbeddingBag])
@pytest.mark.parametrize("recipe", ["dynamic", "static"])
def test_every_recipe_stores_tables_in_8_bits(recipe: str, table: type[nn.Module]) -> None:
    model = text(table)
    quantized = octavo.quantize(model, ids(4, 9), [ids(4, 9), ids(3, 9)], recipe=recipe)
    assert [layer.int8 for layer in quantized.layers] == [True, True]
    (weight,) = [array for name, array in quantized.program.constants.items() if array.shape == (ROWS, DIM)]
    assert weight.dtype == np.uint8
    x = ids(2, 5)
    # Three roundings to 8 bits of normal numbers, at about 40 dB each.
    error = quantized(x) - model(x)
    assert 10 * torch.log10(model(x).square().sum() / error.square().sum()) > 32
    (expected,) = reference.run(quantized.program, [x.numpy()])
    np.testing.assert_array_equal(quantized(x).numpy(), expected)


def test_each_row_has_a_scale_of_its_own() -> None:
    table = nn.Embedding(ROWS, DIM)
    with torch.no_grad():
        table.weight[::2] *= 1e-3
    conversion = quantize(table, ids(4, 9), mapping=with_tables())
    x = torch.arange(ROWS).unsqueeze(0)
    error = (torch.from_numpy(run(conversion, x)) - table(x)).abs().amax(-1)
    step = (table.weight.amax(1).clamp(min=0) - table.weight.amin(1).clamp(max=0)) / 255
    # Half a step, and a quarter more for what rounding in float32 adds.
    assert bool((error[0] <= 0.75 * step).all())


def test_without_a_qconfig_for_tables_they_stay_in_float() -> None:
    model = text(nn.Embedding)
    conversion = quantize(model, ids(4, 9))
    assert list(in_float(conversion)) == ["0"]
    assert "float_qparams_weight_only_qconfig" in conversion.layers[0].remedy
    # The linear layer alone is in 8 bits: its weight and its input, at 40 dB each.
    assert sqnr_of(conversion, model, ids(1, 3)) > 30


@pytest.mark.parametrize(
    "observer",
    [
        default_float_qparams_observer.with_args(ch_axis=1),
        default_float_qparams_observer.with_args(dtype="int8"),
    ],
)
def test_a_qconfig_that_no_table_can_have_is_refused(observer: object) -> None:
    qconfig = QConfig(MinMaxObserver, observer)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConversionError, match=r"layer '0': .* expected uint8 with a scale for each row"):
        quantize(text(nn.Embedding), ids(4, 9), mapping=with_tables(qconfig))
