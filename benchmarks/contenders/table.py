"""All contenders: of which library, what they need and what they can do."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.workloads.kinds import Workload, all_dense, ready_made


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
        return f"{__package__}.{part}" if part and self.can(workload) else None

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
    "JAX jit": Contender(
        "JAX", ("jax",), {"train": "jax_:PerStep", "encode": "jax_:Encode"}, ready_made
    ),
    "JAX scan": Contender("JAX", ("jax",), {"train": "jax_:Scan"}, ready_made),
    "Keras": Contender(
        "Keras",
        ("keras", "tensorflow"),
        {"train": "keras_:Fit", "encode": "keras_:Predict"},
        ready_made,
    ),
    "Keras XLA": Contender(
        "Keras",
        ("keras", "tensorflow"),
        {"train": "keras_:FitXLA", "encode": "keras_:CallXLA"},
        ready_made,
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
