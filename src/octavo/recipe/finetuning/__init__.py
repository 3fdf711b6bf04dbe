"""The parts of fine-tuning: where it starts, what it aims at, how it steps, and what it keeps."""

from octavo.recipe.finetuning.objective import relative_error
from octavo.recipe.finetuning.plan import FinetuneError, FinetunePlan, FinetuneWarning

__all__ = ["FinetuneError", "FinetunePlan", "FinetuneWarning", "relative_error"]
