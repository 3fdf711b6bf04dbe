"""The step that trains the model on for 8 bits."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from octavo.graph import ConversionError
from octavo.recipe.finetune import finetune
from octavo.recipe.finetuning import FinetunePlan, FinetuneWarning
from octavo.recipe.quantized_model import QuantizedModel
from octavo.recipe.tuning.climb import Climb
from octavo.recipe.tuning.steps import Step

# Calibration data is little, so it is gone over several times.
_EPOCHS = 4


@dataclass(frozen=True)
class Finetune(Step):
    """Train the network on with `octavo.finetune`, from where quantization after training ends.

    Args:
        training_data: batches, as of `octavo.finetune`; None for the calibration data, which has no labels: then the
            outputs of the float model are what is learned.
        loss: of outputs and labels, where the training data has labels.
        plan: epochs, learning rates, and what is frozen when.
    """

    training_data: Collection[Any] | None = field(default=None, repr=False)
    loss: Any = None
    plan: FinetunePlan = field(default_factory=lambda: FinetunePlan(epochs=_EPOCHS))
    name: str = "finetune"

    def run(self, climb: Climb) -> None:
        """Train once; where a folder is kept, training goes on in it after an interrupt."""
        epochs = f"{self.plan.epochs} epoch{'s' if self.plan.epochs > 1 else ''}"
        own = self.training_data is not None
        what = f"{epochs} over {'training' if own else 'calibration'} data"
        climb.attempt(
            self.name, what, climb.int8_recipe, partial(self._trained, climb), finetune=repr(self.plan), own_data=own
        )

    def _trained(self, climb: Climb) -> QuantizedModel:
        bench, folder = climb.bench, climb.journal.folder
        bench.forget()
        data = bench.samples.calibration if self.training_data is None else self.training_data
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FinetuneWarning)  # what is measured tells whether training has helped
            try:
                return finetune(
                    bench.model, bench.example_inputs, data, self.loss, self.plan,
                    None if folder is None else folder / "finetune",
                    dynamic_shapes=bench.dynamic_shapes, progress=lambda done, all_: bench.told("training", done, all_),
                )  # fmt: skip
            except (NotImplementedError, RuntimeError, TypeError) as error:  # not every model can be trained
                raise ConversionError(f"cannot be trained: {type(error).__name__}: {error}") from error
