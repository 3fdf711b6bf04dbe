"""Run a program in a process in which PyTorch cannot be imported: `run_without_torch.py MODEL INPUTS OUTPUTS`.

INPUTS is a `.npy` file [count, …]; each of its entries is passed alone. OUTPUTS gets the outputs, joined.
"""

import sys

import numpy as np


class _NoTorch:
    """An import hook that refuses torch and all that belongs to it."""

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] in ("torch", "torchvision", "onnxruntime"):
            raise ImportError(f"{name} is not there")


sys.meta_path.insert(0, _NoTorch())

import octavo.runtime  # noqa: E402

model, inputs, outputs = sys.argv[1:]
loaded = octavo.runtime.load(model, threads=2)
np.save(outputs, np.concatenate([loaded(x) for x in np.load(inputs)]))
assert "torch" not in sys.modules
