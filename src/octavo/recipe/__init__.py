"""The one call from a float module to an int8 one, and what it says about the result."""

from octavo.recipe.advice import Advice, advise
from octavo.recipe.distilled_data import distilled_data
from octavo.recipe.finetune import finetune
from octavo.recipe.finetuning import FinetuneError, FinetunePlan, FinetuneWarning
from octavo.recipe.fx import convert_fx, fuse_fx, prepare_fx, prepare_qat_fx
from octavo.recipe.quantize import quantize
from octavo.recipe.quantized_model import QuantizedModel
from octavo.recipe.recipe import Recipe, RecipeError
from octavo.recipe.save import save, to_program
from octavo.recipe.summary import LayerSummary, Report
from octavo.recipe.tune import tune
from octavo.recipe.tuning import EvaluationError, TunedModel

__all__ = [
    "Advice",
    "EvaluationError",
    "FinetuneError",
    "FinetunePlan",
    "FinetuneWarning",
    "LayerSummary",
    "QuantizedModel",
    "Recipe",
    "RecipeError",
    "Report",
    "TunedModel",
    "advise",
    "convert_fx",
    "distilled_data",
    "finetune",
    "fuse_fx",
    "prepare_fx",
    "prepare_qat_fx",
    "quantize",
    "save",
    "to_program",
    "tune",
]
