from __future__ import annotations

import torch

from octavo.demo.photographs import calibration_batches, calibration_files, labelled


def test_labels_come_from_the_file_names():
    photographs = labelled()
    assert photographs.images.shape == (20, 3, 224, 224)
    assert photographs.labels[:3].tolist() == [243, 559, 438]
    assert float(photographs.images.min()) >= -127 / 128 and float(photographs.images.max()) <= 1


def test_calibration_is_reproducible_and_on_other_photographs():
    first, second = (list(calibration_batches(count=12, batch=5, seed=3)) for _ in range(2))
    assert [len(batch) for batch in first] == [5, 5, 2]
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not any("foolbox" in file.parts for file in calibration_files())
