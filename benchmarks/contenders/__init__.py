"""The contenders: each does a workload in a process of its own.

A part is a class for one task ("train", "encode" or "pca") with

- ``__init__(workload, data, weights)``: what `benchmarks.workloads` makes, as NumPy arrays;
- ``run(count)``: do it `count` times (steps of Adam over the mini-batches in turn, calls or fits)
  and come back when all is done;
- ``check()``: what must agree with tinyae's: the losses of 20 steps of plain gradient descent at
  1e-3 from the given weights; the codes; or for each component its variance, then its direction;
- ``stretch``, where it is not 1: `run` is always given a multiple of it.

Beside them each module has ``touch()``: the library's smallest piece of work, with which it imports
and sets up what it puts off until it is used.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.workloads.kinds import Training, Workload, all_dense

CHECKED_STEPS, RATE = 20, 1e-3


@dataclass(frozen=True)
class Contender:
    """One way to do the work with one library.

    Attributes
    ----------
    library : str
        Under which name its fastest way is shown.
    packages : tuple of str
        What is to be imported.
    parts : dict
        By task, "module:Class" in this package; what is not there it is not asked to do.
    can : callable
        Whether it can do a workload of such a task.
    """

    library: str
    packages: tuple[str, ...]
    parts: dict[str, str]
    can: Callable[[Workload], bool] = lambda workload: True

    def part(self, workload: Workload) -> str | None:
        """The class for this workload, if there is one."""
        part = self.parts.get(workload.task)
        return f"{__name__}.{part}" if part and self.can(workload) else None

    def missing(self) -> list[str]:
        """The packages that are not installed."""
        return [name for name in self.packages if importlib.util.find_spec(name) is None]


CONTENDERS = {
    "tinyae": Contender(
        "tinyae",
        ("tinyae",),
        {"train": "tinyae_:Train", "encode": "tinyae_:Encode", "pca": "tinyae_:Components"},
    ),
    "PyTorch": Contender(
        "PyTorch", ("torch",), {"train": "torch_:Eager", "encode": "torch_:Encode"}
    ),
    "PyTorch fused": Contender("PyTorch", ("torch",), {"train": "torch_:Fused"}),
    "PyTorch compile": Contender(
        "PyTorch", ("torch",), {"train": "torch_:Compiled", "encode": "torch_:EncodeCompiled"}
    ),
    "JAX jit": Contender("JAX", ("jax",), {"train": "jax_:PerStep", "encode": "jax_:Encode"}),
    "JAX scan": Contender("JAX", ("jax",), {"train": "jax_:Scan"}),
    "Keras": Contender(
        "Keras", ("keras", "tensorflow"), {"train": "keras_:Fit", "encode": "keras_:Predict"}
    ),
    "Keras XLA": Contender(
        "Keras", ("keras", "tensorflow"), {"train": "keras_:FitXLA", "encode": "keras_:CallXLA"}
    ),
    "Keras call": Contender("Keras", ("keras", "tensorflow"), {"encode": "keras_:Call"}),
    "scikit-learn": Contender(
        "scikit-learn", ("sklearn",), {"pca": "sklearn_:Covariance", "encode": "sklearn_:Encode"}
    ),
    "scikit-learn rand.": Contender("scikit-learn", ("sklearn",), {"pca": "sklearn_:Randomized"}),
    "onnxruntime": Contender("onnxruntime", ("onnx", "onnxruntime"), {"encode": "onnx_:Encode"}),
    "NumPy": Contender(
        "NumPy",
        ("numpy",),
        {"train": "numpy_:Train", "encode": "numpy_:Encode", "pca": "numpy_:Components"},
        all_dense,
    ),
}


def stretch(workload: Training, batches: np.ndarray, most: int) -> int:
    """How many steps make a call long enough to cost nothing itself, and far below a second."""
    numbers = 2_000_000 if all_dense(workload) else 200_000
    return max(1, min(most, numbers // batches[0].size))


def load(part: str) -> tuple[Callable[[], Any], Any]:
    """The `touch` of the module and the class that "module:Class" names."""
    name, cls = part.split(":")
    module = importlib.import_module(name)
    return module.touch, getattr(module, cls)
