"""Models that take indices: from their capture to a program, and what is said of wrong ones."""

import numpy as np
import pytest
import torch
from small_networks import Network, in_float, operators, quantize, run, sqnr_of
from torch import Tensor, nn

import octavo
from octavo.graph import CalibrationError, CaptureError, calibrate, capture, prepare
from octavo.program import load
from octavo.runtime import LoadedProgram

ROWS = 20


class Text(nn.Module):
    """Classify sequences of words."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(ROWS, 16)
        self.norm = nn.LayerNorm(16)
        self.up, self.down, self.head = nn.Linear(16, 32), nn.Linear(32, 16), nn.Linear(16, 3)
        self.last = nn.LayerNorm(16)
        self.eval()

    def forward(self, ids: Tensor) -> Tensor:
        """Return [batch, length, 3]."""
        x = self.norm(self.words(ids))
        x = self.last(x + self.down(nn.functional.gelu(self.up(x))))
        return self.head(x)


def ids(*shape: int) -> Tensor:
    """Draw int64 numbers of rows."""
    return torch.randint(0, ROWS, shape)


class TestText:
    """A network of embeddings, layer norms and linear layers."""

    def test_linear_layers_run_in_int8_and_what_is_between_them_in_float(self):
        model = Text()
        conversion = quantize(model, ids(4, 9), data=[(ids(4, 9),), (ids(2, 12),)])
        assert set(in_float(conversion)) == {"words", "norm", "function", "add", "last"}
        assert [name for kind, name in operators(conversion) if kind == "linear"] == ["up", "down", "head"]
        (given,) = conversion.program.inputs
        assert given.dtype == "int64" and given.shape == ("batch", "length")
        assert sqnr_of(conversion, model, ids(3, 7)) > 30

    def test_from_quantize_to_a_file_and_back(self, tmp_path):
        model, x = Text(), ids(4, 9)
        quantized = octavo.quantize(model, x, [x, ids(4, 9)])
        y = quantized(x)
        quantized.save(tmp_path / "text.octavo")
        loaded = LoadedProgram(load(tmp_path / "text.octavo"), threads=1)
        np.testing.assert_array_equal(loaded(x.numpy()), y.numpy())
        with pytest.raises(IndexError, match=r"operator 'words' \(embedding\): id 20 at \[0, 0\]"):
            quantized(torch.full((1, 9), ROWS))
        report = {layer.name: layer for layer in quantized.report(seconds=0.1).layers}
        # The table is in 8 bits, each row by its own range: about 48 dB for normal numbers.
        assert report["words"].sqnr_db > 44 and report["head"].sqnr_db > 30


def test_indices_that_are_returned_stay_as_they_are():
    model = Network(lambda net, x: (net.e(x), x[:, 1:], x), e=nn.Embedding(ROWS, 4))
    x = ids(2, 5)
    _, part, whole = run(quantize(model, x), x)
    assert np.array_equal(part, x[:, 1:].numpy()) and np.array_equal(whole, x.numpy())


@pytest.mark.parametrize("dtype", [torch.int32, torch.float64])
def test_a_model_takes_float32_int64_and_bool_alone(dtype):
    with pytest.raises(CaptureError, match=rf"a tensor of {dtype}; .* Remedy: call .float\(\), .long\(\) or .bool\(\)"):
        capture(nn.Embedding(ROWS, 4), ids(2, 5).to(dtype))


class TestSamples:
    """Calibration samples that do not fit."""

    @pytest.mark.parametrize(
        ("sample", "message"),
        [
            (torch.rand(2, 5), "input 'input' has dtype torch.float32; expected torch.int64"),
            (torch.full((2, 5), ROWS), r"layer 'embedding': id 20 at \[0, 0\] is not in its table of 20 rows"),
            (torch.tensor([[0, 1, 2, 3, -1]]), r"id -1 at \[0, 4\] .* expected 0 to 19"),
        ],
    )
    def test_ids(self, sample, message):
        prepared = prepare(capture(nn.Embedding(ROWS, 4), ids(2, 5)))
        with pytest.raises(CalibrationError, match="calibration sample 1.*" + message):
            calibrate(prepared, [ids(3, 5), sample])

    @pytest.mark.parametrize("offsets", [[1, 2, 3], [0, 5, 4], [0, 1, 9]])
    def test_offsets(self, offsets):
        example = (ids(8), torch.tensor([0, 2, 8]))
        prepared = prepare(capture(nn.EmbeddingBag(ROWS, 4), example))
        with pytest.raises(CalibrationError, match=r"calibration sample 0: .*expected offsets that begin with 0"):
            calibrate(prepared, [(ids(8), torch.tensor(offsets))])
