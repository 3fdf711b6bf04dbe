"""The command line: octavo quantize | inspect | run | bench | demo."""
