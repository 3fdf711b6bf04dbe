"""octavo compare: which layer of a file loses what against the float model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from octavo.cli.guard import console, guarded
from octavo.cli.quantize import first_sample, preprocessing
from octavo.cli.samples import load_samples
from octavo.cli.sources import load_model


@guarded
def compare(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The float model, as for octavo quantize.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The .octavo file that was made of it.")],
    data: Annotated[str, typer.Option(help="Inputs of the model, as --calibration of octavo quantize.")],
    batch: Annotated[int, typer.Option(min=1, help="Samples of a file or folder that go into one batch.")] = 8,
    limit: Annotated[int | None, typer.Option(min=1, help="Take at most so many samples of a file or folder.")] = 32,
    size: Annotated[int, typer.Option(min=1, help="Images: height and width.")] = 224,
    mean: Annotated[str, typer.Option(help="Images: mean of each channel, of pixels in 0 … 1.")] = "0.485,0.456,0.406",
    std: Annotated[str, typer.Option(help="Images: standard deviation of each channel.")] = "0.229,0.224,0.225",
) -> None:
    """Compare a file with its float model layer by layer: errors alone and in the network, ranges, saturation."""
    example, samples = first_sample(
        load_samples(data, source, batch, limit, preprocessing(size, mean, std)), "--data", data
    )
    with console.status(f"Comparing {file} with {source}"):
        from octavo.recipe.compare import compare_file

        found = compare_file(file, load_model(source), example, samples)
    table = Table(title="Layers", title_justify="left")
    for heading in ("layer", "operator"):
        table.add_column(heading, overflow="fold")
    for heading in ("alone", "in the network", "range", "saturated"):
        table.add_column(heading, justify="right")
    for row in found.rows():
        table.add_row(*row)
    console.print(table)
    console.print(found.summary, highlight=False)
