"""The tutorials of `torch.ao.quantization` in our words, run twice: with Octavo's import and with the old one.

What differs between the two is the import alone, so each tutorial takes the packages as a fixture.
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest

_PACKAGES = {
    "octavo": {
        "tq": "octavo.quantization",
        "nn": "octavo.nn",
        "nnq": "octavo.nn.quantized",
        "nniqat": "octavo.nn.intrinsic.qat",
        "quantize_fx": "octavo.quantization.quantize_fx",
        "ns": "octavo.quantization.numeric_suite",
    },
    "torch.ao": {
        "tq": "torch.ao.quantization",
        "nn": "torch.ao.nn",
        "nnq": "torch.ao.nn.quantized",
        "nniqat": "torch.ao.nn.intrinsic.qat",
        "quantize_fx": "torch.ao.quantization.quantize_fx",
        "ns": "torch.ao.ns._numeric_suite",
    },
}


@pytest.fixture(params=list(_PACKAGES))
def ao(request: pytest.FixtureRequest) -> SimpleNamespace:
    """The packages that a tutorial imports."""
    modules = {short: importlib.import_module(path) for short, path in _PACKAGES[request.param].items()}
    return SimpleNamespace(**modules)
