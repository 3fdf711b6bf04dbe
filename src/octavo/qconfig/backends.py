"""QConfigs by the name of a backend of torch.ao. The integers do not depend on it: only `qnnpack` is per tensor."""

from __future__ import annotations

from typing import Any

from octavo.fake_quantize import (
    FakeQuantize,
    FusedMovingAvgObsFakeQuantize,
    default_fused_per_channel_wt_fake_quant,
    default_fused_wt_fake_quant,
    default_per_channel_weight_fake_quant,
    default_weight_fake_quant,
)
from octavo.observers import (
    HistogramObserver,
    MovingAverageMinMaxObserver,
    default_per_channel_weight_observer,
    default_weight_observer,
)
from octavo.qconfig.mapping import QConfigMapping
from octavo.qconfig.qconfig import QConfig

BACKENDS = ("x86", "fbgemm", "onednn", "qnnpack")


def get_default_qconfig(backend: str = "x86", version: int = 0) -> QConfig:
    """Return the QConfig of static quantization: histograms, and full ranges on every backend.

    Args:
        backend: `"x86"`, `"fbgemm"` and `"onednn"` have weights per output channel, `"qnnpack"` per tensor. (torch.ao
            gives the activations of x86 and fbgemm 7 bits.)
        version: 0.

    Raises:
        ValueError: there is no such backend or version.
    """
    _check("get_default_qconfig", backend, version, (0,))
    weight = default_weight_observer if backend == "qnnpack" else default_per_channel_weight_observer
    return QConfig(HistogramObserver.with_args(dtype="uint8"), weight)


def get_default_qat_qconfig(backend: str = "x86", version: int | None = 1) -> QConfig:
    """Return the QConfig of training: moving averages, and full ranges on every backend.

    Args:
        backend: as for `get_default_qconfig`.
        version: 1 or None: FusedMovingAvgObsFakeQuantize; 0: FakeQuantize, with the same numbers.

    Raises:
        ValueError: there is no such backend or version.
    """
    _check("get_default_qat_qconfig", backend, version, (None, 0, 1))
    kind = FakeQuantize if version == 0 else FusedMovingAvgObsFakeQuantize
    activation = kind.with_args(observer=MovingAverageMinMaxObserver, quant_min=0, quant_max=255, dtype="uint8")
    if version == 0:
        weights = (default_weight_fake_quant, default_per_channel_weight_fake_quant)
    else:
        weights = (default_fused_wt_fake_quant, default_fused_per_channel_wt_fake_quant)
    return QConfig(activation, weights[backend != "qnnpack"])


def get_default_qconfig_mapping(backend: str = "x86", version: int = 0) -> QConfigMapping:
    """Return the mapping of static quantization: `get_default_qconfig` for every layer.

    Operators that only move values share the qparams of their input by themselves, a sigmoid's range is observed like
    any other: so none needs a rule of its own, as torch.ao has them.

    Raises:
        ValueError: as `get_default_qconfig`.
    """
    return QConfigMapping().set_global(get_default_qconfig(backend, version))


def get_default_qat_qconfig_mapping(backend: str = "x86", version: int | None = 1) -> QConfigMapping:
    """Return the mapping of training: `get_default_qat_qconfig` for every layer; raises as that."""
    return QConfigMapping().set_global(get_default_qat_qconfig(backend, version))


def get_default_qconfig_dict(backend: str = "x86", version: int = 0) -> dict[str, Any]:
    """Return `get_default_qconfig_mapping` as a dictionary."""
    return get_default_qconfig_mapping(backend, version).to_dict()


def get_default_qat_qconfig_dict(backend: str = "x86", version: int | None = 1) -> dict[str, Any]:
    """Return `get_default_qat_qconfig_mapping` as a dictionary."""
    return get_default_qat_qconfig_mapping(backend, version).to_dict()


def check_backend(function: str, backend: str) -> None:
    """Refuse a backend that is not in `BACKENDS`.

    Raises:
        ValueError: naming the function that asks.
    """
    if backend not in BACKENDS:
        raise ValueError(f"{function}: got backend {backend!r}, expected one of {', '.join(BACKENDS)}")


def _check(function: str, backend: str, version: int | None, versions: tuple[int | None, ...]) -> None:
    check_backend(function, backend)
    if version not in versions:
        raise ValueError(f"{function}: got version {version!r}, expected one of {', '.join(map(str, versions))}")
