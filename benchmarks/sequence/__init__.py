"""Sequence models beside other engines: recurrent layers, BERT, and what quantization costs in accuracy."""
