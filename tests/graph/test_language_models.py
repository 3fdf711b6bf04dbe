"""Language models of transformers, small and with random weights: BERT's kin and decoders."""

import pytest
import torch
from benchmarks.networks.torchvision_schemas import declare_schemas
from text_networks import converted, cosine, float_results, results_of

import octavo

_SIZES = {
    "vocab_size": 40, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "max_position_embeddings": 32,
}  # fmt: skip
_LLAMA = {**_SIZES, "num_key_value_heads": 2, "use_cache": False, "pad_token_id": 0}
_GPT = {"vocab_size": 40, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 32, "use_cache": False}
# Positions that are counted from the mask (cumsum), types from a buffer; a cube in GELU, layers that share weights;
# the future hidden; buckets of relative positions; rotated queries and keys, norms that are written out, gates, keys
# that heads share; a window besides. Attention is written out where it says eager.
_MODELS = {
    "Roberta": (_SIZES, "sdpa"),
    "Albert": ({**_SIZES, "embedding_size": 16}, "eager"),
    "GPT2": ({**_GPT, "bos_token_id": 1, "eos_token_id": 1}, "eager"),
    "MPNet": (_SIZES, "eager"),
    "Llama": (_LLAMA, "sdpa"),
    "Mistral": ({**_LLAMA, "sliding_window": 5}, "eager"),
}


def _inputs(batch, length):
    lengths = torch.randint(1, length + 1, (batch, 1))
    mask = (torch.arange(length)[None] < lengths).long()
    words = torch.randint(3, 40, (batch, length))
    return {"input_ids": torch.where(mask == 1, words, torch.ones_like(words)), "attention_mask": mask}


@pytest.mark.parametrize("name", _MODELS)
def test_a_language_model_at_lengths_that_were_never_seen(name):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed (make test-packages)")
    declare_schemas()
    settings, implementation = _MODELS[name]
    config = getattr(transformers, f"{name}Config")(**settings, attn_implementation=implementation)
    model = getattr(transformers, f"{name}Model")(config).eval()
    program = converted(model, _inputs(2, 6), "dynamic")
    kinds = [operator.type for operator in program.operators]
    attends = kinds.count("dynamic_attention")
    assert program.inputs[0].shape == ("batch", "length") and attends == 2 and "softmax" not in kinds
    for batch, length in ((2, 6), (3, 11)):
        given = _inputs(batch, length)
        got, want = results_of(program, given)[0], float_results(model, given)[0]
        seen = given["attention_mask"].bool().numpy()
        assert cosine(got[seen], want[seen]) > 0.999  # random weights have no outliers: 8 bits leave some 40 dB


def _llama():
    transformers = pytest.importorskip("transformers", reason="transformers is not installed (make test-packages)")
    declare_schemas()
    return transformers.LlamaModel(transformers.LlamaConfig(**_LLAMA)).eval()


def test_a_decoder_without_a_mask_by_the_default_recipe():
    model, ids = _llama(), torch.randint(3, 40, (2, 7))
    for parameter in model.parameters():  # norms whose weights are not all 1
        parameter.data += 0.1 * torch.rand_like(parameter)
    program = octavo.quantize(model, {"input_ids": ids}).program
    kinds = [operator.type for operator in program.operators]
    # Norms stay float products and means; the 2 key heads of 4 queries are read as they are.
    assert program.inputs[0].shape == ("batch", "length") and not {"conv", "adaptive_avg_pool"} & set(kinds)
    assert {o.attributes["kv_heads"] for o in program.operators if o.type == "dynamic_attention"} == {2}
    given = {"input_ids": torch.randint(3, 40, (3, 12))}
    got, want = results_of(program, given)[0], float_results(model, given)[0]
    assert cosine(got, want) > 0.999


def test_a_static_decoder_keeps_its_norms_rotations_and_gates_in_float():
    model = _llama()
    samples = [{"input_ids": torch.randint(3, 40, (2, length))} for length in (7, 9, 12)]
    program = octavo.quantize(model, samples[0], calibration_data=samples, recipe="static").program
    for operator in program.operators:
        if operator.type in ("add", "mul", "reduce", "unary", "slice", "concat", "permute"):
            assert {program.values[name].dtype for name in operator.inputs} == {"float32"}
    kinds = [operator.type for operator in program.operators]
    assert kinds.count("linear") == 4 * 2 and "table" not in kinds  # queries, keys, values are one, gates another
    got, want = results_of(program, samples[1])[0], float_results(model, samples[1])[0]
    assert cosine(got, want) > 0.999
