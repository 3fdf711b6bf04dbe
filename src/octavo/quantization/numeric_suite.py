"""Compare a float model with its quantized form, module by module: the names of `torch.ao.ns._numeric_suite`."""

from octavo.eager.numeric_suite import (
    Logger,
    OutputLogger,
    Shadow,
    ShadowLogger,
    compare_model_outputs,
    compare_model_stub,
    compare_weights,
    get_logger_dict,
    get_matching_activations,
    prepare_model_outputs,
    prepare_model_with_stubs,
)

__all__ = [
    "Logger",
    "OutputLogger",
    "Shadow",
    "ShadowLogger",
    "compare_model_outputs",
    "compare_model_stub",
    "compare_weights",
    "get_logger_dict",
    "get_matching_activations",
    "prepare_model_outputs",
    "prepare_model_with_stubs",
]
