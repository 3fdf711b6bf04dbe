"""Bags of rows of a table that has 8 bits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from octavo.nn.errors import QuantizationError
from octavo.nn.qtensor import QTensor
from octavo.nn.quantized.embedding import _Table
from octavo.program import Value
from octavo.program.build import ProgramBuilder

_FLOAT, _IDS = Value("float32"), Value("int64")


class EmbeddingBag(_Table):
    """Reduce the rows of each bag: their sum, mean or maximum, or their sum with a weight for each id.

    Args:
        num_embeddings, embedding_dim: sizes of the table.
        max_norm, norm_type, scale_grad_by_freq, sparse: kept for the old signature; they matter in training alone.
        mode: `"sum"`, `"mean"` or `"max"`.
        _weight: the table.
        include_last_offset: whether offsets end with the number of ids.
        dtype: uint8.

    Shape: ids [n, l]; or ids [l] and offsets [n], with include_last_offset [n + 1]; y [n, embedding_dim] float32.
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, max_norm: float | None = None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, mode: str = "sum", sparse: bool = False, _weight: QTensor | None = None,
        include_last_offset: bool = False, dtype: Any = torch.uint8,
    ) -> None:  # fmt: skip
        super().__init__(num_embeddings, embedding_dim, _weight, dtype)
        if mode not in ("sum", "mean", "max"):
            raise ValueError(f"mode: got {mode!r}, expected 'sum', 'mean' or 'max'")
        self.mode, self.include_last_offset = mode, include_last_offset

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> EmbeddingBag:
        """Make one of a float or trained embedding bag.

        Raises:
            QuantizationError: it leaves an id out of its bags.
        """
        if mod.padding_idx is not None:
            raise QuantizationError(
                f"module '{getattr(mod, 'name', '')}' ({type(mod).__name__}): padding_idx is {mod.padding_idx}, an id "
                "that bags leave out; expected None. Remedy: leave these ids out of the input, or set its qconfig to "
                "None to keep it in float"
            )
        layer = cls(
            mod.num_embeddings, mod.embedding_dim, mode=mod.mode, include_last_offset=mod.include_last_offset
        )  # fmt: skip
        layer.take(mod)
        return layer

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the reduction."""
        mode = "weighted_sum" if values[-1].dtype == "float32" else self.mode
        return [builder.emit("embedding_bag", inputs, "y", _FLOAT, {"mode": mode}, self.table_constants())]

    def settings(self) -> Any:
        """Return what the program depends on besides inputs and buffers."""
        return self.mode

    def forward(
        self, indices: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None
    ) -> Tensor:
        """Look up and reduce.

        Args:
            indices: ids, [n, l] or [l].
            offsets: where each bag begins in ids [l].
            per_sample_weights: of indices' shape; with mode "sum" alone.

        Raises:
            IndexError: an id is not in [0, num_embeddings).
            ValueError: the arguments do not fit each other.
        """
        if per_sample_weights is not None and self.mode != "sum":
            raise ValueError(f"per_sample_weights: got them with mode {self.mode!r}, expected mode 'sum'")
        if (indices.dim() == 1) != (offsets is not None):
            raise ValueError(
                f"offsets: got {'none' if offsets is None else 'some'} with ids of shape {list(indices.shape)}, "
                "expected them with ids [l] and none with ids [n, l]"
            )
        inputs, values = [indices.long()], [_IDS]
        if offsets is not None:
            if self.include_last_offset:
                # A traced program takes the last offset for the number of ids, as it cannot look at it.
                end = indices.shape[0] if torch.compiler.is_compiling() else int(offsets[-1])
                inputs, offsets = [inputs[0][:end]], offsets[:-1]
                per_sample_weights = None if per_sample_weights is None else per_sample_weights[:end]
            inputs.append(offsets.long())
            values.append(_IDS)
        if per_sample_weights is not None:
            inputs.append(per_sample_weights.float())
            values.append(_FLOAT)
        return self.call(inputs, values)[0]

    def extra_repr(self) -> str:
        """Show the sizes and the mode."""
        return f"{super().extra_repr()}, mode={self.mode}"
