"""Graph mode: the names of `torch.ao.quantization.quantize_fx`."""

from octavo.recipe.fx import convert_fx, fuse_fx, prepare_fx, prepare_qat_fx

__all__ = ["convert_fx", "fuse_fx", "prepare_fx", "prepare_qat_fx"]
