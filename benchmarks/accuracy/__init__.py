"""What quantization costs in accuracy, measured on networks that are trained here."""
