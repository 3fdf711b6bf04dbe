"""Networks quantized without labels, by this project and by others, and what that cost in accuracy, time and memory."""
