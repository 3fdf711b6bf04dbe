"""octavo quantize: from a float model to a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from octavo.cli.guard import UsageError, console, guarded
from octavo.cli.pretrained import example_of, is_pretrained
from octavo.cli.samples import Preprocessing, load_samples
from octavo.cli.sources import load_model


@guarded
def quantize(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="package.module:factory of the model, a file model.pt2, or a folder of a transformers model.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    calibration: Annotated[
        str | None,
        typer.Option(
            help="A .npy or .npz file, a folder of images, a .txt file of lines (for a transformers model), or "
            "package.module:factory of an iterable. Without it a transformers model is quantized dynamically."
        ),
    ] = None,
    observer: Annotated[
        str, typer.Option(help="histogram (least squared error), min_max, percentile, entropy or saturation.")
    ] = "histogram",
    batch: Annotated[int, typer.Option(min=1, help="Samples of a file or folder that go into one batch.")] = 8,
    limit: Annotated[int | None, typer.Option(min=1, help="Take at most so many samples of a file or folder.")] = None,
    size: Annotated[int, typer.Option(min=1, help="Images: height and width.")] = 224,
    mean: Annotated[str, typer.Option(help="Images: mean of each channel, of pixels in 0 … 1.")] = "0.485,0.456,0.406",
    std: Annotated[str, typer.Option(help="Images: standard deviation of each channel.")] = "0.229,0.224,0.225",
    layers: Annotated[bool, typer.Option("--layers", help="List every layer with its error.")] = False,
    report: Annotated[bool, typer.Option(help="Compare with the float model afterwards.")] = True,
) -> None:
    """Quantize a float model to eight bits and write it to a file."""
    check_output(output)
    images = preprocessing(size, mean, std)
    if calibration is None:
        example, samples = _example(source), None
    else:
        example, samples = first_sample(
            load_samples(calibration, source, batch, limit, images), "--calibration", calibration
        )
    with console.status(f"Loading {source}"):
        import octavo
        from octavo.report.tables import report_tables

        recipe = octavo.Recipe(observer=observer, scheme="dynamic" if samples is None else "static")  # type: ignore[arg-type]
        model = load_model(source)
    columns = (TextColumn("Quantizing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        task = bars.add_task("", total=None)
        quantized = octavo.quantize(
            model, example, samples, recipe, progress=lambda n, all_: bars.update(task, completed=n, total=all_)
        )
    quantized.save(output)
    console.print(f"Wrote {output}", style="bold", highlight=False)
    if report:
        with console.status("Comparing with the float model"):
            measured = quantized.report()
        for part in report_tables(measured, layers):
            console.print(part)


def check_output(output: Path) -> None:
    """Find out before the work, not after it, that there is nowhere to write."""
    if output.is_dir():
        raise UsageError(f"--output {output}: is a folder, expected a file such as {output / 'model.octavo'}")
    if not output.absolute().parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {output.absolute().parent}")


def _example(source: str) -> Any:
    """Make the inputs of a model that says itself what it takes."""
    if not is_pretrained(source):
        raise UsageError(
            f"--calibration: got none, but SOURCE {source} does not say what it takes; expected data, or a folder of a "
            "transformers model"
        )
    return example_of(source)


def preprocessing(size: int, mean: str, std: str) -> Preprocessing:
    """Read the options that say how images become tensors."""
    return Preprocessing(size, _three("--mean", mean), _three("--std", std))


def _three(option: str, text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3) or (option == "--std" and min(numbers) <= 0):
        raise UsageError(f"{option}: got {text!r}, expected one number or three, as in 0.485,0.456,0.406")
    return numbers if len(numbers) == 3 else numbers * 3


def first_sample(samples: Iterable[Any], option: str, given: str) -> tuple[Any, Iterable[Any]]:
    """Return the first sample and all of them, the first included.

    Raises:
        UsageError: there is none; it names the option and what it was given.
    """
    if isinstance(samples, Sequence) and samples:
        return samples[0], samples
    iterator = iter(samples)
    for sample in iterator:
        return sample, chain([sample], iterator)
    raise UsageError(f"{option} {given}: holds no sample")
