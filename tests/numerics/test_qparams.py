import dataclasses

import pytest
import torch

from octavo.numerics import Qparams, default_quant_range, dtype_name, dtype_range, qscheme_name

_GOOD = Qparams(torch.tensor(0.5), torch.tensor(3, dtype=torch.int32), 0, 255)


def test_reads_names_and_torch_objects():
    assert dtype_name(torch.uint8) == dtype_name("quint8") == dtype_name("torch.quint8") == "uint8"
    assert dtype_name("qint8") == "int8" and dtype_name(torch.int32) == "int32"
    assert dtype_range("int8") == (-128, 127)
    assert qscheme_name(torch.per_channel_symmetric) == "per_channel_symmetric"


@pytest.mark.parametrize("dtype", ["float32", "int4", torch.float16])
def test_refuses_other_dtypes(dtype):
    with pytest.raises(ValueError, match="expected one of uint8, int8, int32"):
        dtype_name(dtype)


def test_symmetric_int8_leaves_out_the_least_integer():
    assert default_quant_range("int8", "per_tensor_symmetric") == (-127, 127)
    assert default_quant_range("int8", "per_tensor_affine") == (-128, 127)
    assert default_quant_range("uint8", "per_tensor_symmetric") == (0, 255)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scale": torch.tensor(0.5, dtype=torch.float64)}, "scale"),
        ({"scale": torch.tensor([0.5])}, "scale"),
        ({"scale": torch.tensor(0.0)}, "scale"),
        ({"scale": torch.tensor(torch.nan)}, "scale"),
        ({"scale": torch.tensor(torch.inf)}, "scale"),
        ({"zero_point": torch.tensor(3)}, "zero_point"),
        ({"zero_point": torch.tensor(256, dtype=torch.int32)}, "zero_point"),
        ({"zero_point": torch.tensor([3], dtype=torch.int32)}, "zero_point"),
        ({"quant_min": -1}, "quant_min"),
        ({"quant_max": 0}, "quant_max"),
        ({"quant_max": 256}, "quant_max"),
        ({"dtype": "int16"}, "dtype"),
        ({"qscheme": "per_row"}, "qscheme"),
        ({"qscheme": "per_tensor_symmetric"}, "zero_point"),
        ({"qscheme": "per_channel_affine"}, "ch_axis"),
        ({"ch_axis": 0}, "ch_axis"),
    ],
)
def test_refuses_what_does_not_fit(change, field):
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(_GOOD, **change)
