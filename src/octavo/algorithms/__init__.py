"""Published methods that make a quantized network more accurate, one a file."""

from octavo.algorithms.bias_absorption import BiasAbsorption
from octavo.algorithms.equalization import Equalization
from octavo.algorithms.keep_in_float import keep_in_float
from octavo.algorithms.layer_by_layer import LayerByLayer, Rounding
from octavo.algorithms.mixed_precision import Choices, Costs, SolverError, choose_float
from octavo.algorithms.scale_migration import ScaleMigration
from octavo.algorithms.sensitivity import LayerSensitivity, Sensitivity, sensitivity
from octavo.algorithms.uneven_rows import UnevenRows
from octavo.algorithms.wide_inputs import WideInputs

__all__ = [
    "BiasAbsorption",
    "Choices",
    "Costs",
    "Equalization",
    "LayerByLayer",
    "LayerSensitivity",
    "Rounding",
    "ScaleMigration",
    "Sensitivity",
    "SolverError",
    "UnevenRows",
    "WideInputs",
    "choose_float",
    "keep_in_float",
    "sensitivity",
]
