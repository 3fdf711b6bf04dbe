"""Models of attention from capture to a program: dynamic, static and in float, in NumPy and on the engine."""

import numpy as np
import pytest
import torch
from small_networks import operators, quantize
from text_networks import (
    LONGEST,
    WORDS,
    Embedder,
    SelfAttention,
    converted,
    cosine,
    float_results,
    results_of,
    sentences,
    tiny_bert,
)
from torch import nn

from octavo.graph import capture
from octavo.program.errors import ShapeError
from octavo.qconfig import QConfigMapping, per_channel_dynamic_qconfig
from octavo.recipe.quantized_model import QuantizedModel

# Random weights give hidden states without outliers: eight bits of input and weight, with sums over 64 elements and
# two layers, leave cosines above these; what is in float differs by rounding alone.
LEAST = {"dynamic": 0.9995, "static": 0.999, "float": 0.999999}


@pytest.fixture(scope="module")
def bert():
    torch.manual_seed(0)
    return tiny_bert()


@pytest.fixture(scope="module")
def captured(bert):
    return capture(bert, sentences(2, 6))


@pytest.fixture(scope="module")
def quantized(captured):
    return QuantizedModel(converted(captured, sentences(2, 6), "dynamic"))


@pytest.mark.parametrize("scheme", LEAST)
def test_bert_at_lengths_that_were_never_seen(bert, captured, scheme):
    samples = tuple(sentences(3, length) for length in (9, 12))
    program = converted(captured, sentences(2, 6), scheme, samples)
    for batch, length in ((2, 6), (1, 1), (3, LONGEST)):
        given = sentences(batch, length)
        for got, want in zip(results_of(program, given), float_results(bert, given), strict=True):
            assert cosine(got, want) > LEAST[scheme]
    kinds = [operator.type for operator in program.operators]
    assert kinds.count("dynamic_attention") == (0 if scheme == "float" else 2)
    assert "permute" not in kinds or scheme == "float"


@pytest.mark.parametrize("example", [(1, 6), (2, 1)])
def test_a_size_of_one_may_be_fixed(bert, example):
    given = sentences(*example)
    names = ("batch", "length")
    sizes = {axis: torch.export.Dim(names[axis], max=LONGEST) for axis in (0, 1) if example[axis] != 1}
    program = converted(capture(bert, given, dict.fromkeys(given, sizes)), given, "dynamic")
    assert 1 in program.inputs[0].shape
    for got, want in zip(results_of(program, given), float_results(bert, given), strict=True):
        assert cosine(got, want) > LEAST["dynamic"]


def test_sums_and_norms_of_a_static_bert_stay_in_float(captured):
    samples = tuple(sentences(3, length) for length in (9, 12))
    program = converted(captured, sentences(2, 6), "static", samples)
    layers = [operator for operator in program.operators if operator.type == "linear"]
    # Queries, keys and values of each of two layers are one.
    assert len(layers) == 13 - 2 * 2 and all(len(layer.inputs) == 1 for layer in layers)
    assert {program.values[layer.outputs[0]].dtype for layer in layers} == {"float32"}
    for operator in program.operators:
        if operator.type in ("add", "layer_norm", "unary"):
            assert all(program.values[name].dtype == "float32" for name in operator.inputs)


class TestWrongInputs:
    """What is said of text that a model was not built for."""

    def test_a_sequence_that_is_too_long(self, quantized):
        with pytest.raises(ShapeError, match=rf"length = {LONGEST + 1}, expected from 1 to {LONGEST}"):
            quantized(**sentences(1, LONGEST + 1))

    def test_an_id_that_is_not_in_the_table(self, quantized):
        given = sentences(2, 6)
        given["input_ids"][1, 3] = WORDS
        with pytest.raises(IndexError, match=rf"id {WORDS} at \[1, 3\] is not in its table of {WORDS} rows"):
            quantized(**given)

    def test_an_empty_sequence(self, quantized):
        with pytest.raises(ShapeError, match="length"):
            quantized(**{name: tensor[:, :0] for name, tensor in sentences(2, 6).items()})

    def test_a_mask_of_another_length(self, quantized):
        given = sentences(2, 6) | {"attention_mask": torch.ones(2, 5, dtype=torch.int64)}
        with pytest.raises(ShapeError, match="attention_mask"):
            quantized(**given)

    def test_a_mask_of_booleans_is_taken_as_it_is(self, quantized):
        given = sentences(2, 6)
        expected = quantized(**given)["last_hidden_state"]
        given["attention_mask"] = given["attention_mask"].bool()
        assert torch.equal(quantized(**given)["last_hidden_state"], expected)


@pytest.mark.parametrize("scheme", LEAST)
@pytest.mark.parametrize("style", ["sdpa both", "written, buffer", "written, mask"])
def test_attention_in_every_scheme(style, scheme):
    torch.manual_seed(0)
    model = SelfAttention(style)

    def sample(batch, length):
        mask = (torch.arange(length)[None] < torch.randint(1, length + 1, (batch, 1))).long()
        return (
            (torch.randn(batch, length, 16),) if style == "written, buffer" else (torch.randn(batch, length, 16), mask)
        )

    program = converted(model, sample(2, 5), scheme, (sample(3, 7), sample(8, 12)))
    for batch, length in ((2, 5), (3, 9)):
        given = sample(batch, length)
        (got,), (want,) = results_of(program, given), float_results(model, given)
        # Rows of 16 elements: 8 bits leave some 35 dB; the worst row of them is asked for.
        assert cosine(got, want) > (0.9999 if scheme == "float" else 0.99)


def test_sentences_become_vectors_of_length_1():
    torch.manual_seed(0)
    model = Embedder()
    given = sentences(3, 9)
    example = (given["input_ids"], given["attention_mask"])
    program = converted(model, example, "dynamic")
    (got,), (want,) = results_of(program, example), float_results(model, example)
    assert cosine(got, want) > 0.999
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), 1, atol=1e-6)


def test_one_attention_in_float_among_dynamic_layers():
    mapping = QConfigMapping().set_global(per_channel_dynamic_qconfig).set_object_type("attention", None)
    program = converted(SelfAttention("sdpa causal"), (torch.randn(2, 5, 16),), "dynamic", mapping=mapping)
    kinds = [operator.type for operator in program.operators]
    assert kinds.count("dynamic_linear") == 2 and kinds.count("matmul") == 2 and "dynamic_attention" not in kinds


def test_an_encoder_of_pytorch():
    torch.manual_seed(0)
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), 2).eval()
    data = [(torch.randn(2, n, 32),) for n in (5, 8, 11)]
    for scheme in ("dynamic", "static"):
        program = converted(model, data[0], scheme, tuple(data))
        given = (torch.randn(3, 7, 32),)
        (got,), (want,) = results_of(program, given), float_results(model, given)
        assert cosine(got, want) > LEAST[scheme]
    assert "quantize" in [kind for kind, _ in operators(quantize(model, *data[0], data=data))]
