"""Calibration: data of every kind, and what is said of bad data."""

import weakref

import pytest
import torch
from small_networks import Network, conv, image
from torch import nn

from octavo.graph import CalibrationError, calibrate, capture, convert, prepare, quantize_static


def ready(model=None, *example):
    return prepare(capture((model or nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 2))).eval(), example or (image(),)))


def qparams(prepared):
    return {root: (float(o.qparams().scale), int(o.qparams().zero_point)) for root, o in prepared.observers.items()}


def test_all_that_can_be_iterated_gives_the_same():
    model = nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 2))
    images = [image(1) for _ in range(3)]
    kinds = [
        images,
        tuple(images),
        (x for x in images),
        [(x,) for x in images],
        [[x] for x in images],
        torch.stack(images),
    ]
    found = [qparams(calibrate(ready(model), kind)) for kind in kinds]
    assert all(other == found[0] for other in found)


def test_batches_of_any_size():
    prepared = calibrate(ready(), [image(1), image(3), image(2)])
    assert prepared.samples == 3


def test_samples_as_dicts():
    class Keywords(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = conv(3, 4)

        def forward(self, image, gate):
            return self.conv(image * gate)

    prepared = prepare(capture(Keywords().eval(), {"image": image(), "gate": image()}))
    calibrate(prepared, [{"gate": image(), "image": image()}])
    with pytest.raises(CalibrationError, match=r"sample 0 is a Tensor; .* dict with the keys \['gate', 'image'\]"):
        calibrate(prepared, [image()])
    with pytest.raises(CalibrationError, match=r"sample 0 is a dict with the keys \['image'\]"):
        calibrate(prepared, [{"image": image()}])


def test_progress_and_limit():
    seen = []
    calibrate(ready(), [image()] * 5, lambda done, total: seen.append((done, total)), limit=3)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    seen.clear()
    calibrate(ready(), iter([image()] * 2), lambda done, total: seen.append((done, total)))
    assert seen == [(1, None), (2, None)]


def test_watchers_see_every_value():
    prepared, seen = ready(), []
    calibrate(prepared, [image()], watchers=[lambda value, tensor: seen.append((value, tuple(tensor.shape)))])
    assert seen == [("input", (2, 3, 12, 12)), ("0", (2, 4, 12, 12)), ("2", (2, 2, 12, 12))]


def test_samples_are_let_go_one_by_one():
    alive: list[weakref.ref] = []

    def samples():
        for _ in range(20):
            assert sum(reference() is not None for reference in alive) <= 1
            x = image()
            alive.append(weakref.ref(x))
            yield x

    assert calibrate(ready(), samples()).samples == 20


@pytest.mark.parametrize("data", [[], iter(()), torch.zeros(0, 1, 3, 12, 12)], ids=["list", "iterator", "tensor"])
def test_no_data(data):
    with pytest.raises(CalibrationError, match="no calibration data"):
        calibrate(ready(), data)
    with pytest.raises(CalibrationError, match="no calibration data"):
        quantize_static(conv(3, 4), image(), data)


BAD = {
    "shape": (torch.zeros(2, 3, 12, 13), r"has shape \[2, 3, 12, 13\]; expected \[batch, 3, 12, 12\].*dynamic_shapes"),
    "axes": (torch.zeros(3, 12, 12), r"has shape \[3, 12, 12\]; expected"),
    "empty batch": (torch.zeros(0, 3, 12, 12), r"'batch' must be in \[1, …\]"),
    "float64": (image().double(), "has dtype torch.float64; expected torch.float32"),
    "uint8": (torch.zeros(2, 3, 12, 12, dtype=torch.uint8), r"torch.uint8; .*call .float\(\)"),
    "NaN": (torch.full((1, 3, 12, 12), torch.nan), "holds 432 values that are NaN or infinite"),
    "infinity": (torch.full((1, 3, 12, 12), -torch.inf), "holds 432 values that are NaN or infinite"),
    "with label": ((image(), torch.tensor(3)), "has 2 tensors, the model takes 1.*pass the image alone"),
    "dict": ({"x": image()}, r"is a dict with the keys \['x'\]"),
    "array": (image().numpy(), "a sample is a ndarray; expected a tensor"),
    "number": ((1.5,), "is a float; expected a torch.Tensor"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("index", [0, 2])
def test_a_bad_sample_is_named_by_its_index(name, index):
    sample, message = BAD[name]
    data = [image() for _ in range(4)]
    data[index] = sample
    with pytest.raises(CalibrationError, match=f"^calibration sample {index}[ ,:].*{message}"):
        calibrate(ready(), data)
    if name != "shape":  # a size that differs among the first samples becomes symbolic
        with pytest.raises(CalibrationError, match=f"^calibration sample {index}[ ,:]"):
            quantize_static(conv(3, 4), image(), data)


def test_a_symbol_has_one_size_in_a_sample():
    prepared = ready(Network(lambda net, x, y: net.conv(x + y), conv=conv(3, 4)), image(), image())
    with pytest.raises(CalibrationError, match=r"sample 0, input .* 'batch' is 2 elsewhere in the same sample"):
        calibrate(prepared, [(image(2), image(3))])


def test_a_number_that_overflows_inside_the_network_names_sample_and_layer():
    model = nn.Sequential(conv(3, 4), conv(4, 4), nn.ReLU(), conv(4, 2))
    model[1].weight.data.fill_(1e20)
    prepared = ready(model)
    with pytest.raises(CalibrationError, match=r"sample 1: \d+ of 1152 values that layer '1' computes are NaN or inf"):
        calibrate(prepared, [image(), image() * 1e20])
    assert prepared.samples == 1 and qparams(prepared)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interrupt_passes_through_and_calibration_can_go_on(error):
    images = [image() for _ in range(4)]

    def interrupted():
        yield from images[:2]
        raise error

    model = nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 2))
    prepared = ready(model)
    with pytest.raises(error):
        calibrate(prepared, interrupted())
    assert prepared.samples == 2
    assert qparams(calibrate(prepared, images[2:])) == qparams(calibrate(ready(model), images))


def test_an_interrupt_within_a_sample_leaves_no_program_and_the_model_as_it_was():
    model = nn.Sequential(conv(3, 4), nn.Dropout()).train()

    def progress(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quantize_static(model, image(), [image()] * 3, progress=progress)
    assert model.training and model[1].training


def test_converting_without_calibration_is_refused():
    with pytest.raises(CalibrationError, match="was not calibrated"):
        convert(ready(), "test")
