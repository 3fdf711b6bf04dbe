"""octavo tune: from a float model to a file that is as accurate as is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from octavo.cli.guard import INTERRUPTED, UsageError, console, errors, guarded
from octavo.cli.quantize import check_output, first_sample, preprocessing
from octavo.cli.samples import load_samples
from octavo.cli.sources import find_object, load_model

_FUNCTION = "package.module:function"


@guarded
def tune(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The float model, as for octavo quantize.")],
    calibration: Annotated[str, typer.Option(help="Inputs of the model, as for octavo quantize.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    evaluate: Annotated[
        str | None,
        typer.Option(help=f"{_FUNCTION} that is called with a model and returns a number, larger for a better one."),
    ] = None,
    max_drop: Annotated[float, typer.Option(help="How far below float's that number may be.")] = 0.1,
    sqnr: Annotated[float | None, typer.Option(help="In place of --evaluate: the wanted dB of the outputs.")] = None,
    budget: Annotated[float | None, typer.Option(min=0, help="Minutes; default: as long as it takes.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Keeps what was tried: the same command goes on from there.")
    ] = None,
    cost: Annotated[str, typer.Option(help="What layers in float are chosen by: layers, latency or size.")] = "layers",
    max_milliseconds: Annotated[float | None, typer.Option(min=0, help="What a call on one sample may take.")] = None,
    max_megabytes: Annotated[float | None, typer.Option(min=0, help="What the file may take.")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Samples of a file or folder that go into one batch.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="Take at most so many samples of a file or folder.")] = None,
    size: Annotated[int, typer.Option(min=1, help="Images: height and width.")] = 224,
    mean: Annotated[str, typer.Option(help="Images: mean of each channel, of pixels in 0 … 1.")] = "0.485,0.456,0.406",
    std: Annotated[str, typer.Option(help="Images: standard deviation of each channel.")] = "0.229,0.224,0.225",
) -> None:
    """Quantize a model so that it stays as accurate as is wanted: try what there is, from the cheapest on."""
    check_output(output)
    example, samples = first_sample(
        load_samples(calibration, source, batch, limit, preprocessing(size, mean, std)), "--calibration", calibration
    )
    with console.status(f"Loading {source}"):
        import octavo
        from octavo.recipe.tuning import steps_for
        from octavo.report.tuned_table import tuned_table

        model, measure = load_model(source), _function(evaluate)
        steps = steps_for(cost)  # type: ignore[arg-type]
    with _Progress() as progress:
        tuned = octavo.tune(
            model, example, samples, measure, max_drop, sqnr, budget, folder, max_milliseconds=max_milliseconds,
            max_bytes=None if max_megabytes is None else max_megabytes * 1e6, steps=steps, progress=progress.told,
        )  # fmt: skip
    tuned.save(output)
    console.print(tuned_table(tuned))
    console.print(f"Wrote {output}", style="bold", highlight=False)
    if tuned.interrupted:
        errors.print("Interrupted; the best model so far was written.", style="yellow")
        raise typer.Exit(INTERRUPTED)
    if not tuned.reached:
        errors.print("The goal was not reached; the best model was written.", style="yellow")
        raise typer.Exit(2)


def _function(reference: str | None) -> Any:
    if reference is None:
        return None
    found = find_object(reference, "--evaluate", _FUNCTION)
    if not callable(found):
        raise UsageError(f"--evaluate {reference}: is a {type(found).__name__}, expected a function of the model")
    return found


class _Progress:
    """A line for what is done now, and above it a line for every trial."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=console, transient=True)
        self._task: TaskID

    def __enter__(self) -> _Progress:
        self._bars.start()
        self._task = self._bars.add_task("capturing", total=None)
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def told(self, what: str, done: int, total: int | None) -> None:
        """Show what `octavo.tune` tells."""
        if done < 0:
            self._bars.print(what, highlight=False)
        else:
            self._bars.update(self._task, description=what, completed=done, total=total)
