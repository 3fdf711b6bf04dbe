"""What a process goes through that does nothing but run a model: `measure` starts one and asks it.

Its first load and run are timed, import included. What the process then holds is what a service would pay. After that
the model is loaded once more: what stays, and the most that was there in between, is the model's own, without imports.
Linux only.
"""

import compileall
import ctypes
import functools
import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

RUNS = 5


class Fresh(NamedTuple):
    """Milliseconds of a process's beginnings, and bytes.

    `process`, `process_peak`: resident in all after some runs, and the most that ever was. `resident`, `peak`: the same
    of a second load and its runs, over what was there before it.
    """

    import_ms: float
    load_ms: float
    first_run_ms: float
    process: int
    process_peak: int
    resident: int
    peak: int

    @property
    def total_ms(self) -> float:
        """From the first import to the first answer."""
        return self.import_ms + self.load_ms + self.first_run_ms


def measure(form: str, file: Path, sample: Path, threads: int = 1) -> Fresh:
    """Run a model in a process of its own.

    Args:
        form: a contender, see `benchmarks.sessions`.
        file: of the model.
        sample: an .npz file with the arrays that it is run on, in order.
        threads: of a run.

    Raises:
        RuntimeError: the process failed; the message has what it wrote.
    """
    _compile()
    command = [sys.executable, "-m", "benchmarks.fresh_process", form, str(file), str(sample), str(threads)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode:
        raise RuntimeError(f"{form} failed on {file}:\n{process.stderr}")
    return Fresh(**json.loads(process.stdout.splitlines()[-1]))


@functools.cache
def _compile() -> None:
    """Compile the package to bytecode, as installing it does: the others have been installed."""
    import octavo

    compileall.compile_dir(Path(octavo.__file__).parent, quiet=1)


def _be_fresh(form: str, file: Path, sample: Path, threads: int) -> Fresh:
    from benchmarks import sessions

    start = time.perf_counter()
    sessions.import_engine(form)
    imported = time.perf_counter()
    run = sessions.open_session(form, file, threads)
    loaded = time.perf_counter()
    import numpy as np  # every engine has imported it by now

    with np.load(sample) as arrays:
        inputs = tuple(arrays.values())
    begin = time.perf_counter()
    run(*inputs)
    first = time.perf_counter() - begin
    for _ in range(RUNS):
        run(*inputs)
    process, process_peak = _status("VmRSS"), _status("VmHWM")
    del run
    _trim()
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    kept = sessions.open_session(form, file, threads)
    for _ in range(RUNS):
        kept(*inputs)
    peak = _status("VmHWM")
    _trim()
    resident = _status("VmRSS")
    del kept
    import_ms, load_ms, first_ms = (1e3 * taken for taken in (imported - start, loaded - imported, first))
    return Fresh(import_ms, load_ms, first_ms, process, process_peak, resident - before, peak - before)


def _trim() -> None:
    """Give memory that is free back to the system."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def _status(field: str) -> int:
    """Return a field of the process's status in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    _form, _file, _sample, _threads = sys.argv[1:]
    print(json.dumps(_be_fresh(_form, Path(_file), Path(_sample), int(_threads))._asdict()))
