"""PyTorch's transformer encoder, kept from reading the weights of its parts by itself."""

from __future__ import annotations

from torch import nn

from octavo.eager.tree import kind_of


def call_parts(model: nn.Module) -> nn.Module:
    """Make every encoder that is observed or quantized call its parts, in place; return the model.

    In evaluation mode PyTorch's encoder hands the float weights of its parts to one fused kernel, and turns padded
    batches into nested tensors for it. One attribute of each class keeps it from that; then padded positions of the
    output hold numbers instead of zeros.
    """
    for module in model.modules():
        if isinstance(module, nn.TransformerEncoderLayer) and not _is_plain(module):
            module.activation_relu_or_gelu = 0
        elif isinstance(module, nn.TransformerEncoder) and not _is_plain(module):
            module.use_nested_tensor = False
    return model


def _is_plain(module: nn.Module) -> bool:
    return all(kind_of(part).__module__.startswith("torch.nn.") for part in module.modules())
