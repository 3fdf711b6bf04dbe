"""What quantization costs sequence models in accuracy: sentence embeddings, speaker embeddings, random weights."""
