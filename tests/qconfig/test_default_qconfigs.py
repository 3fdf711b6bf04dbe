"""The QConfigs that people know by name, against those of torch.ao."""

import pytest
import torch
from torch.ao.quantization import qconfig as peer
from torch.ao.quantization import qconfig_mapping as peer_mapping

from octavo import qconfig as ours
from octavo.fake_quantize import FakeQuantizeBase
from octavo.qconfig import QConfig

_BACKENDS = ["x86", "fbgemm", "onednn", "qnnpack"]
_NAMES = sorted(
    name for name in peer.__all__ if isinstance(getattr(peer, name), peer.QConfig) and not name.endswith("4bit")
)


def _kind(factory):
    made = factory()
    if isinstance(made, (FakeQuantizeBase, torch.ao.quantization.FakeQuantizeBase)):
        return type(made).__name__, type(made.activation_post_process).__name__
    return (type(made).__name__,)


def test_all_names_are_there():
    expected = {*peer.__all__, *peer_mapping.__all__}
    assert {name for name in expected if not name.endswith("4bit")} <= set(ours.__all__)


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.filterwarnings("ignore:Please use quant_min")
def test_same_kinds_as_the_peer(name):
    mine, other = getattr(ours, name), getattr(peer, name)
    assert (_kind(mine.activation), _kind(mine.weight)) == (_kind(other.activation), _kind(other.weight))


@pytest.mark.parametrize("backend", _BACKENDS)
@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.filterwarnings("ignore:Please use quant_min", "ignore:Default qconfig of oneDNN")
def test_backends_have_the_kinds_of_the_peer(backend, version):
    pairs = [(ours.get_default_qat_qconfig(backend, version), peer.get_default_qat_qconfig(backend, version))]
    if version == 0:
        pairs.append((ours.get_default_qconfig(backend), peer.get_default_qconfig(backend)))
    for mine, other in pairs:
        assert (_kind(mine.activation), _kind(mine.weight)) == (_kind(other.activation), _kind(other.weight))


@pytest.mark.parametrize("backend", _BACKENDS)
def test_backends_have_full_ranges(backend):
    qconfigs = [ours.get_default_qconfig(backend)] + [ours.get_default_qat_qconfig(backend, v) for v in (0, 1, None)]
    for qconfig in qconfigs:
        activation, weight = qconfig.activation(), qconfig.weight()
        assert (activation.dtype, activation.quant_min, activation.quant_max) == ("uint8", 0, 255)
        assert (weight.dtype, weight.quant_min, weight.quant_max) == ("int8", -127, 127)
        assert weight.ch_axis == (None if backend == "qnnpack" else 0)


@pytest.mark.parametrize("symmetric", [n for n in ours.__all__ if "symmetric_qnnpack" in n])
def test_symmetric_qnnpack_is_signed(symmetric):
    qconfig = getattr(ours, symmetric)
    activation, weight = qconfig.activation(), qconfig.weight()
    assert (activation.dtype, activation.quant_min, activation.quant_max) == ("int8", -128, 127)
    assert (weight.ch_axis == 0) == ("per_channel" in symmetric)


def test_mappings_hold_for_every_layer():
    mapping = ours.get_default_qconfig_mapping("qnnpack")
    assert mapping.resolve("features.0", torch.nn.Conv2d) == ours.get_default_qconfig("qnnpack")
    assert ours.get_default_qat_qconfig_mapping().global_qconfig == ours.get_default_qat_qconfig()
    assert ours.get_default_qconfig_dict()[""] == ours.get_default_qconfig()
    assert ours.get_default_qat_qconfig_dict("fbgemm")["object_type"] == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ours.get_default_qconfig("tpu"),
            "got backend 'tpu', expected one of x86, fbgemm",
        ),
        (lambda: ours.get_default_qconfig("x86", 1), "got version 1, expected one of 0"),
        (lambda: ours.get_default_qat_qconfig("x86", 2), "get_default_qat_qconfig: got version 2, expected one of"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_every_default_makes_modules():
    for name in ours.__all__:
        qconfig = getattr(ours, name)
        if isinstance(qconfig, QConfig):
            assert qconfig.activation() is not qconfig.activation()
