"""The comparison of networks that are quantized without labels."""

from statistics import NormalDist

import numpy as np
import pytest
import torch
from benchmarks.accuracy.post_training import __main__ as comparison
from benchmarks.accuracy.post_training.quantize_once import Quantized, QuantizingError
from benchmarks.accuracy.post_training.stamp_classes import IMAGENET_CLASSES
from benchmarks.accuracy.post_training.tasks import Task
from torch import nn


def test_rows_score_what_was_made_and_say_what_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    images = torch.eye(4)
    task = Task(nn.Identity(), images, images, torch.tensor([0, 1, 2, 0]))

    def quantize(contender: str, _: str) -> Quantized:
        if contender == "openvino":
            raise QuantizingError("not installed")
        outputs = images.numpy() + 0.1
        outputs[1] = [0, 0, 1, 0]  # another answer than float's
        return Quantized(outputs.astype(np.float32), 2.0, 3_000_000)

    written: dict[str, object] = {}
    monkeypatch.setattr(comparison, "TASKS", {"digits": lambda: task})
    monkeypatch.setattr(comparison, "quantize", quantize)
    monkeypatch.setattr(comparison.record, "write", lambda _, results, __: written.update(results))
    comparison.main(["--contenders", "octavo;openvino"])
    shown = capsys.readouterr().out
    # Float is right three times of four; Σ ref² = 4 and Σ (ref − x)² = 3 · 4 · 0.01 + 2.
    assert f"{10 * np.log10(4 / 2.12):.1f}" in shown
    octavo_row = next(line for line in shown.splitlines() if "octavo" in line)
    noise = comparison.agreement_of_noise(images.numpy(), 10 * np.log10(4 / 2.12))
    assert octavo_row.split()[1:] == ["2.8", "75.0", f"{noise[0]:.1f}", "±", f"{noise[1]:.1f}", "50.0", "2", "3"]
    assert "openvino failed: not installed" in shown
    assert set(written) == {"digits octavo", "digits openvino"}


def test_agreement_of_noise_is_that_of_the_normal_distribution() -> None:
    expected = np.tile(np.float32([1, 0]), (50, 1))
    deviation = 0.6  # of each output, so that of their difference is √2 times that
    mean, spread = comparison.agreement_of_noise(expected, 10 * np.log10(0.5 / deviation**2))
    share = NormalDist().cdf(1 / (deviation * 2**0.5))
    binomial = 100 * (share * (1 - share) / 50) ** 0.5
    assert abs(mean - 100 * share) < 4 * binomial / 200**0.5  # of 200 draws
    assert abs(spread - binomial) < 4 * binomial / 400**0.5  # a standard deviation's own is σ / √(2n)


def test_an_unknown_contender_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        comparison.main(["--contenders", "octavo;nobody"])
    assert "unknown contender nobody" in capsys.readouterr().err


def test_each_stamp_has_an_imagenet_class() -> None:
    assert len(IMAGENET_CLASSES) > 130
    assert all(0 <= number < 1000 for number in IMAGENET_CLASSES.values())
