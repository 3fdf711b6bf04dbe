"""Find the lines of a text that mean what a question means, with a sentence encoder in int8.

Needs NumPy, the tokenizers package and octavo.runtime; no PyTorch. Make the encoder once, where PyTorch and
transformers are installed, from the folder of a BERT-like model (config.json, model.safetensors, tokenizer.json):

    octavo quantize all-MiniLM-L6-v2/ -o minilm.octavo
    python examples/sentence_similarity.py minilm.octavo all-MiniLM-L6-v2/tokenizer.json reviews.txt "I fell asleep"
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

import octavo.runtime

BATCH, LONGEST = 32, 256


class SentenceEncoder:
    """Turn sentences into vectors of length 1, whose products say how alike two sentences are.

    Args:
        program: a `.octavo` file of a BERT-like encoder.
        tokenizer: the `tokenizer.json` that belongs to it.
        threads: of the engine.
    """

    def __init__(self, program: Path, tokenizer: Path, threads: int = 1) -> None:
        self._run = octavo.runtime.load(program, threads=threads)
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.enable_padding()

    def __call__(self, sentences: Sequence[str]) -> np.ndarray:
        """Encode sentences: [n, d] float32, in their order."""
        vectors: dict[int, np.ndarray] = {}
        for indices in self._batches(sentences):
            encodings = self._tokenizer.encode_batch([sentences[i] for i in indices])
            vectors |= zip(indices, self._encode(encodings), strict=True)
        return np.stack([vectors[i] for i in range(len(sentences))])

    def _batches(self, sentences: Sequence[str]) -> Iterator[list[int]]:
        """Group sentences of like length, so that little of a batch is padding."""
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
        for start in range(0, len(order), BATCH):
            yield order[start : start + BATCH]

    def _encode(self, encodings: Sequence[Encoding]) -> np.ndarray:
        ids, mask, types = (
            np.array([getattr(e, part) for e in encodings], np.int64) for part in ("ids", "attention_mask", "type_ids")
        )
        tokens = self._run(input_ids=ids, attention_mask=mask, token_type_ids=types)["last_hidden_state"]
        mean = (tokens * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def main() -> None:
    """Print the lines that are closest to the question."""
    parser = argparse.ArgumentParser(description="Find the lines of a text that mean what a question means.")
    parser.add_argument("program", type=Path, help="the encoder, a .octavo file")
    parser.add_argument("tokenizer", type=Path, help="its tokenizer.json")
    parser.add_argument("text", type=Path, help="a text file, one sentence a line")
    parser.add_argument("question")
    parser.add_argument("--top", type=int, default=5, help="how many lines to print")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    lines = [line.strip() for line in options.text.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not lines:
        parser.error(f"{options.text}: it has no lines with text in them")
    encode = SentenceEncoder(options.program, options.tokenizer, options.threads)
    likeness = encode(lines) @ encode([options.question])[0]
    for index in np.argsort(-likeness)[: options.top]:
        print(f"{likeness[index]:.3f}  {lines[index]}")


if __name__ == "__main__":
    main()
