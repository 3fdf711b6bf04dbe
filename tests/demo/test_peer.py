from __future__ import annotations

import numpy as np
import torch

from octavo.demo import peer


def test_onnx_runtime_answers_like_the_network(tmp_path):
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, 4), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    ).eval()
    batches = [torch.rand(4, 3, 224, 224) for _ in range(2)]
    made = peer.onnx_runtime(model, batches, tmp_path, (1,))
    with torch.no_grad():
        expected = model(batches[0]).numpy()
    assert made.size == (tmp_path / "int8.onnx").stat().st_size
    # Eight bits over a range of about 1: an error of some hundredths at most.
    np.testing.assert_allclose(made.sessions[1](batches[0].numpy()), expected, atol=0.03)
