"""octavo quantize on a folder of a transformers model."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from benchmarks.networks.torchvision_schemas import declare_schemas

import octavo.runtime

WORDS = ["[PAD]", "[UNK]", "good", "bad", "film", "very", "a"]
LONGEST = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Save a tiny BertModel and a tokenizer of whole words."""
    pytest.importorskip("transformers", reason="transformers is not installed")
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    declare_schemas()  # transformers imports torchvision
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("bert")
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=LONGEST,
    )  # fmt: skip
    BertModel(config).save_pretrained(path)
    words = tokenizers.models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(words)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(path / "tokenizer.json"))
    return path


def _run(file, batch, length):
    ids = np.ones((batch, length), np.int64)
    names = [given.name for given in octavo.runtime.load(file).program.inputs]
    assert sorted(names) == ["attention_mask", "input_ids", "token_type_ids"]
    answer = octavo.runtime.load(file)(**{name: ids * (name != "token_type_ids") for name in names})
    return answer["last_hidden_state"].shape


def test_dynamically_without_data(call, folder, tmp_path):
    result = call("quantize", folder, "-o", tmp_path / "m.octavo", "--no-report")
    assert result.exit_code == 0, result.output
    assert _run(tmp_path / "m.octavo", 3, 7) == (3, 7, 32)


def test_statically_with_lines_of_text(call, folder, tmp_path):
    lines = tmp_path / "lines.txt"
    # The second line is longer than the model takes; the third is empty.
    lines.write_text("a good film\n" + "very " * 20 + "bad\n\nunheard of\n" * 3, encoding="utf-8")
    result = call("quantize", folder, "--calibration", lines, "--batch", 2, "-o", tmp_path / "m.octavo", "--no-report")
    assert result.exit_code == 0, result.output
    assert _run(tmp_path / "m.octavo", 1, LONGEST) == (1, LONGEST, 32)
    kinds = {operator.type for operator in octavo.runtime.load(tmp_path / "m.octavo").program.operators}
    assert "linear" in kinds and "dynamic_linear" not in kinds


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"\n  \n", "holds no line of text"),
        ("wrong.txt", b"\xff\xfe\xff", "cannot be read as UTF-8 text"),
        ("absent.txt", None, "cannot be read as UTF-8 text"),
    ],
)
def test_text_that_cannot_be_used(call, folder, tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = call("quantize", folder, "--calibration", tmp_path / name, "-o", tmp_path / "m.octavo")
    assert result.exit_code == 1 and message in result.output and not (tmp_path / "m.octavo").exists()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"config.json": json.dumps({"vocab_size": 3})}, "has no model.safetensors"),
        ({"config.json": "[", "model.safetensors": ""}, "config.json cannot be read"),
        ({"config.json": "[]", "model.safetensors": ""}, "holds a list, expected an object"),
        ({"config.json": json.dumps({"hidden_size": 3}), "model.safetensors": ""}, "no vocab_size"),
        ({"config.json": json.dumps({"vocab_size": 3}), "model.safetensors": ""}, "transformers cannot load it"),
    ],
    ids=["no weights", "no json", "a list", "no vocabulary", "no model"],
)
def test_folders_that_cannot_be_used(call, folder, tmp_path, files, message):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    result = call("quantize", tmp_path, "-o", tmp_path / "m.octavo")
    assert result.exit_code == 1 and message in result.output and "Traceback" not in result.output


def test_text_needs_a_tokenizer_and_a_factory_needs_data(call, tmp_path):
    (tmp_path / "lines.txt").write_text("a film")
    result = call("quantize", "mine:model", "--calibration", tmp_path / "lines.txt", "-o", tmp_path / "m.octavo")
    assert result.exit_code == 1 and "text needs a tokenizer" in result.output
    result = call("quantize", "mine:model", "-o", tmp_path / "m.octavo")
    assert result.exit_code == 1 and "--calibration: got none" in result.output
