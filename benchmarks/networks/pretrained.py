"""EfficientNet-Lite0 with its trained weights, on photographs."""

from pathlib import Path

from benchmarks.compare import Network
from benchmarks.networks.models import CALIBRATION_SAMPLES, TEST_SAMPLES, count_macs
from octavo.demo import network, photographs

NAME = "efficientnet_lite0"


def efficientnet_lite0() -> Network:
    """Return the network, photographs [1, 3, 224, 224] to calibrate on, and others to compare outputs on.

    Raises:
        MissingPackageError: the packages that carry the weights and the photographs are not installed.
    """
    model = network.pretrained()
    calibration = [batch.numpy() for batch in photographs.calibration_batches(CALIBRATION_SAMPLES, batch=1)]
    images = photographs.labelled().images[:TEST_SAMPLES].split(1)
    inputs = [image.numpy() for image in images]
    return Network(
        NAME, model, [(x,) for x in calibration], {"": [(x,) for x in inputs]}, count_macs(model, inputs[0]),
        [Path(network.__file__), Path(photographs.__file__)],
    )  # fmt: skip
