"""Language models of transformers, small and with random weights: BERT's kin and a decoder."""

import pytest
import torch
from benchmarks.networks.torchvision_schemas import declare_schemas
from text_networks import converted, cosine, float_results, results_of

_SIZES = {
    "vocab_size": 40, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "max_position_embeddings": 32,
}  # fmt: skip
_GPT = {"vocab_size": 40, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 32, "use_cache": False}
# Positions that are counted from the mask (cumsum), types from a buffer; a cube in GELU, layers that share weights;
# the future hidden. Attention is written out in all but the first.
_MODELS = {
    "Roberta": (_SIZES, "sdpa"),
    "Albert": ({**_SIZES, "embedding_size": 16}, "eager"),
    "GPT2": ({**_GPT, "bos_token_id": 1, "eos_token_id": 1}, "eager"),
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
