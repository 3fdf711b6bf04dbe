"""The sequence models that engines are compared on."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from benchmarks.compare import Network
from benchmarks.first_output import FirstOutput
from benchmarks.networks.torchvision_schemas import declare_schemas
from benchmarks.peers import Sample
from benchmarks.sequence import sentence_encoder
from benchmarks.sequence.snippets import snippets

STEPS = 64
"""Length of the sequences that recurrent layers are given."""
BERT_TOKENS = 128
CALIBRATION = 8
"""Samples of the networks with random weights."""
_RECURRENT_PEERS = ("octavo dynamic", "onnxruntime dynamic", "openvino", "torch.ao fbgemm", "torch.ao onednn", "float")
_BERT_PEERS = ("octavo dynamic", "octavo", "onnxruntime dynamic", "onnxruntime", "openvino",
               "torch.ao fbgemm", "torch.ao onednn", "float")  # fmt: skip
_RECURRENT = {"LSTM": nn.LSTM, "GRU": nn.GRU}
_SOURCES = [Path(__file__), Path(sentence_encoder.__file__)]


class Entry(NamedTuple):
    """What makes a network, and the contenders that it is compared between."""

    build: Callable[[], Network]
    contenders: tuple[str, ...]


def recurrent(kind: str, size: int, batch: int, bidirectional: bool = False) -> Network:
    """Return two layers of LSTM or GRU with seeded weights, and standard normal sequences [64, batch, size]."""
    torch.manual_seed(0)
    module = FirstOutput(_RECURRENT[kind](size, size, 2, bidirectional=bidirectional)).eval()
    samples: list[Sample] = [
        (np.random.default_rng(seed).standard_normal((STEPS, batch, size), dtype=np.float32),)
        for seed in range(CALIBRATION + 1)
    ]
    direction = "bi-" if bidirectional else ""
    name = f"{direction}{kind} {size} b={batch}"
    return Network(name, module, samples[1:], {"": samples[:1]}, sources=_SOURCES, lowest_sqnr=10.0)


def bert_base(tokens: int = BERT_TOKENS) -> Network:
    """Return BertModel in its base configuration with seeded weights, and random token ids [1, tokens]."""
    declare_schemas()
    from transformers import BertConfig

    torch.manual_seed(0)
    config = BertConfig()
    model = sentence_encoder.bert(config)
    samples = [_random_tokens(seed, tokens, config.vocab_size) for seed in range(CALIBRATION + 1)]
    return Network(f"BERT-base {tokens}", model, samples[1:], {"": samples[:1]}, sources=_SOURCES)


def minilm(tokens: int) -> Network:
    """Return MiniLM with its trained weights and real text, [1, tokens] token ids.

    Raises MissingDataError where the text, MissingPackageError where the network is not there.
    """
    texts = [snippet.text for snippet in snippets()]
    share = len(texts) // (CALIBRATION + 1)
    samples = [sentence_encoder.tokens(texts[i * share :][:40], tokens) for i in range(CALIBRATION + 1)]
    return Network(f"MiniLM {tokens}", sentence_encoder.bert(), samples[1:], {"": samples[:1]}, sources=_SOURCES)


def _random_tokens(seed: int, count: int, vocabulary: int) -> Sample:
    ids = np.random.default_rng(seed).integers(0, vocabulary, (1, count))
    return ids, np.ones_like(ids), np.zeros_like(ids)


def _recurrent(*arguments: Any) -> Entry:
    return Entry(lambda: recurrent(*arguments), _RECURRENT_PEERS)


def _minilm(tokens: int) -> Entry:
    return Entry(lambda: minilm(tokens), _BERT_PEERS)


NETWORKS = {
    "lstm": _recurrent("LSTM", 512, 1),
    "lstm-8": _recurrent("LSTM", 512, 8),
    "gru": _recurrent("GRU", 512, 1),
    "gru-8": _recurrent("GRU", 512, 8),
    "bilstm": _recurrent("LSTM", 256, 1, True),
    "bert-base": Entry(bert_base, _BERT_PEERS),
    "minilm-8": _minilm(8),
    "minilm-32": _minilm(32),
    "minilm-128": _minilm(128),
}
QUICK: Sequence[str] = ("lstm", "gru", "minilm-32")
"""One of each kind."""
