"""Time `import octavo.runtime` in fresh processes: `python -m benchmarks.import_time`.

Start-up is what a command-line tool, or a function that is started for every call, pays each time. Interleaved with it
for context: what its import needs in any case (NumPy), and PyTorch.
"""

import statistics
import subprocess
import sys

from rich import box
from rich.table import Table

from benchmarks import record
from benchmarks.terminal import terminal

STATEMENTS = ("import numpy", "import octavo.runtime", "import torch")
ROUNDS = 11
_PROGRAM = """
import time
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""


def main() -> None:
    """Measure, print the table and write the record."""
    times: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    for _ in range(ROUNDS):
        for statement, values in times.items():
            values.append(_seconds(statement))
    table = Table(box=box.SIMPLE_HEAD, title=f"import time in seconds, {ROUNDS} fresh processes each")
    for heading in ("statement", "median", "minimum"):
        table.add_column(heading, justify="left" if heading == "statement" else "right")
    for statement, values in times.items():
        table.add_row(statement, f"{statistics.median(values):.3f}", f"{min(values):.3f}")
    terminal().print(table)
    record.write("import_time", {key: statistics.median(values) for key, values in times.items()}, ("octavo",))


def _seconds(statement: str) -> float:
    command = [sys.executable, "-c", _PROGRAM.format(statement=statement)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
