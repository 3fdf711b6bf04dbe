"""Embeddings whose table has 8 bits: what they give is float."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from octavo.fake_quantize import FakeQuantizeBase
from octavo.nn.errors import QuantizationError
from octavo.nn.module import QuantizedModule
from octavo.nn.qtensor import QTensor
from octavo.numerics import Qparams
from octavo.observers import default_float_qparams_observer
from octavo.program import Value
from octavo.program.build import ProgramBuilder

_FLOAT, _IDS = Value("float32"), Value("int64")
_SCHEME = "per_channel_affine_float_qparams"


class _Table(QuantizedModule):
    """Hold a table of uint8 rows, each with a scale and a real zero_point: `row = scale · (q − zero_point)`.

    Args:
        num_embeddings: rows of the table.
        embedding_dim: their length.

    Attributes:
        qweight: [num_embeddings, embedding_dim] uint8.
        weight_scale, weight_zero_point: [num_embeddings] float32.
    """

    qweight: Tensor
    weight_scale: Tensor
    weight_zero_point: Tensor

    def __init__(self, num_embeddings: int, embedding_dim: int, weight: QTensor | None, dtype: Any) -> None:
        super().__init__()
        if str(dtype).removeprefix("torch.") not in ("uint8", "quint8"):
            raise ValueError(f"dtype: got {dtype}, expected torch.uint8: a table has 8 bits")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.register_buffer("qweight", torch.zeros(num_embeddings, embedding_dim, dtype=torch.uint8))
        self.register_buffer("weight_scale", torch.ones(num_embeddings))
        self.register_buffer("weight_zero_point", torch.zeros(num_embeddings))
        self._refresh()
        if weight is not None:
            self.set_weight(weight)

    def set_weight(self, w: QTensor) -> None:
        """Replace the table by a QTensor of uint8 with a scale for each row (ch_axis=0) or for all.

        Raises:
            ValueError: it has another shape or dtype.
        """
        if w.shape != self.qweight.shape or w.qdtype != "uint8":
            raise ValueError(
                f"weight: got {w.qdtype} {list(w.shape)}, expected uint8 {list(self.qweight.shape)}: [num_embeddings, "
                "embedding_dim]"
            )
        rows = (self.num_embeddings,)
        self.qweight = w.int_repr().detach()
        self.weight_scale = w.qparams.scale.detach().expand(rows).contiguous().clone()
        self.weight_zero_point = w.qparams.zero_point.detach().float().expand(rows).contiguous().clone()
        self._refresh()

    def weight(self) -> QTensor:
        """Return the table: uint8, a scale and a real zero_point for each row."""
        return QTensor(self.qweight, self.weight_scale, self.weight_zero_point, 0)

    def take(self, mod: Any) -> None:
        """Quantize a float module's table by its qconfig or trained fake-quantize."""
        real = renormalized(mod)
        self.set_weight(QTensor.from_float(real, table_qparams(mod, real)))

    def table_constants(self) -> dict[str, np.ndarray]:
        """Return weight, scale and offset, `−zero_point · scale`, of the program's operator."""
        weight, scale, zero_point = (self.constant(n) for n in ("qweight", "weight_scale", "weight_zero_point"))
        assert weight is not None and scale is not None and zero_point is not None
        offset = (-zero_point.double() * scale.double()).float()
        return {"weight": weight.numpy(), "scale": scale.numpy(), "offset": offset.numpy()}

    def _get_name(self) -> str:
        return f"Quantized{type(self).__name__}"

    def extra_repr(self) -> str:
        """Show the sizes."""
        return (
            f"num_embeddings={self.num_embeddings}, embedding_dim={self.embedding_dim}, dtype=torch.uint8, "
            f"qscheme=torch.{_SCHEME}"
        )


class Embedding(_Table):
    """Look up rows: `y = f(qweight[id]) · scale[id] + offset[id]`.

    Args:
        num_embeddings, embedding_dim: sizes of the table.
        padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse: kept for the old signature; they matter in
            training alone.
        _weight: the table.
        dtype: uint8.

    Shape: ids [...] integers, y [..., embedding_dim] float32.
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False, _weight: QTensor | None = None,
        dtype: Any = torch.uint8,
    ) -> None:  # fmt: skip
        super().__init__(num_embeddings, embedding_dim, _weight, dtype)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Embedding:
        """Make one of a float or trained embedding."""
        layer = cls(mod.num_embeddings, mod.embedding_dim)
        layer.take(mod)
        return layer

    def emit(self, builder: ProgramBuilder, inputs: list[str], values: list[Value]) -> list[str]:
        """Append the look-up."""
        return [builder.emit("embedding", inputs, "y", _FLOAT, {}, self.table_constants())]

    def forward(self, indices: Tensor) -> Tensor:
        """Look up.

        Raises:
            IndexError: an id is not in [0, num_embeddings).
        """
        ids = indices.long()
        if ids.dim() == 0:
            return self.call((ids.unsqueeze(0),), (_IDS,))[0].squeeze(0)
        return self.call((ids,), (_IDS,))[0]


def renormalized(mod: Any) -> Tensor:
    """Return a float table as look-ups see it: rows longer than `max_norm` scaled down to it."""
    weight = mod.weight.detach().float()
    if mod.max_norm is None:
        return weight
    norm = weight.norm(mod.norm_type, dim=1, keepdim=True)
    return torch.where(norm > mod.max_norm, weight * (mod.max_norm / (norm + 1e-7)), weight)


def table_qparams(mod: Any, weight: Tensor) -> Qparams:
    """Choose a table's qparams as the module's trained fake-quantize or its qconfig says: uint8, for each row.

    Raises:
        QuantizationError: they are of another dtype or scheme.
    """
    observer = getattr(mod, "weight_fake_quant", None)
    if observer is None:
        qconfig = getattr(mod, "qconfig", None)
        factory = default_float_qparams_observer if qconfig is None or qconfig.weight is None else qconfig.weight
        observer = factory()
        observer.name = getattr(mod, "name", "")
        if observer.dtype == "uint8" and observer.ch_axis == 0:
            observer(weight)
    if observer.dtype != "uint8" or observer.ch_axis != 0:
        raise QuantizationError(
            f"module '{getattr(mod, 'name', '')}' ({type(mod).__name__}): its qconfig observes the table as "
            f"{observer.dtype} with ch_axis={observer.ch_axis}, expected uint8 with a scale for each row (ch_axis=0). "
            "Remedy: set its qconfig to float_qparams_weight_only_qconfig"
        )
    if isinstance(observer, FakeQuantizeBase):
        observer.refresh(weight)
    return observer.qparams()
