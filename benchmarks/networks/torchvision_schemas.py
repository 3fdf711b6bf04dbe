"""Import torchvision beside a CPU build of torch.

The registry's torchvision is built for a CUDA torch, so its compiled operators do not load and its import fails with
`operator torchvision::nms does not exist`. The classification networks call none of them: declaring their schemas is
enough.
"""

import functools
import types

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, "
    "int sampling_ratio, bool aligned) -> Tensor",
)


@functools.cache
def _library() -> torch.library.Library:
    library = torch.library.Library(
        "torchvision", "FRAGMENT"
    )  # the cache keeps it: the schemas live as long as it does
    for schema in _SCHEMAS:
        library.define(schema)
    return library


def declare_schemas() -> None:
    """Declare the missing operator schemas where torchvision's own do not load, so that it can be imported."""
    try:
        torch.ops.torchvision.nms  # noqa: B018  (raises AttributeError while undeclared)
    except AttributeError:
        _library()


@functools.cache
def torchvision_models() -> types.ModuleType:
    """Return `torchvision.models`."""
    declare_schemas()
    import torchvision.models

    return torchvision.models
