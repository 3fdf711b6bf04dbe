"""The tables: what they hold, beside those of torch.ao."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn
from torch.ao.quantization import quantization_mappings as theirs

from octavo import eager
from octavo.eager import mappings
from octavo.nn import quantized

TABLES = {
    "static": (mappings.STATIC, theirs.get_default_static_quant_module_mappings()),
    "qat": (mappings.QAT, theirs.get_default_qat_module_mappings()),
    "dynamic": (mappings.DYNAMIC, theirs.get_default_dynamic_quant_module_mappings()),
    "embeddings": (
        {**mappings.STATIC, **mappings.EMBEDDING_STATIC},
        theirs.get_embedding_static_quant_module_mappings(),
    ),
    "embeddings in training": (
        {**mappings.QAT, **mappings.EMBEDDING_QAT},
        theirs.get_embedding_qat_module_mappings(),
    ),
}
STUBS = ("QuantStub", "DeQuantStub", "Quantize", "DeQuantize", "FloatFunctional", "QFunctional")


def family(cls: Any) -> str:
    """Name a class of torch.ao as a row does: `quantized.Conv2d`."""
    if cls.__name__ in STUBS:
        return cls.__name__
    if not cls.__module__.startswith("torch.ao.nn."):
        return f"torch.{cls.__name__}"
    return f"{cls.__module__.removeprefix('torch.ao.nn.').partition('.modules')[0]}.{cls.__name__}"


def side(name: Any) -> str:
    """Name one side of a row in the same way."""
    if not isinstance(name, str):
        return f"torch.{name.__name__}"
    return name.rpartition(".")[2] if name.rpartition(".")[2] in STUBS else name


@pytest.mark.parametrize("table", TABLES)
def test_every_row_of_torch_ao_is_there(table: str) -> None:
    ours, peers = TABLES[table]
    wanted = {(family(left), family(right)) for left, right in peers.items()}
    # The projection within attention is read by attention itself: a trained form of it would never run.
    wanted.discard(("torch.NonDynamicallyQuantizableLinear", "qat.Linear"))
    assert wanted - {(side(left), side(right)) for left, right in ours.items()} == set()


@pytest.mark.parametrize("rows", [mappings.QAT, mappings.EMBEDDING_QAT])
def test_every_name_is_that_of_a_class(rows: mappings.Rows) -> None:
    assert len(mappings.classes(rows)) == len(rows)


def test_a_table_belongs_to_who_asked() -> None:
    eager.get_default_static_quant_module_mappings().clear()
    assert eager.get_default_static_quant_module_mappings()[nn.Conv2d] is quantized.Conv2d


def test_embeddings_are_trained_for_those_who_ask() -> None:
    assert nn.Embedding not in eager.get_default_qat_module_mappings()
    assert nn.Embedding in eager.get_embedding_qat_module_mappings()


def test_classes_that_mean_something_to_a_qconfig() -> None:
    known = eager.get_default_qconfig_propagation_list()
    assert {nn.Conv2d, nn.Linear, nn.Sequential} <= known and nn.ReLU not in known
    assert {nn.Conv2d, quantized.Conv2d} <= eager.get_default_compare_output_module_list()
