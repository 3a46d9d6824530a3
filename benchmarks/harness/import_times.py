"""How long it takes to import the libraries, each in fresh processes."""

import os
import subprocess
import sys
from importlib.util import find_spec
from statistics import median

REPEATS = 3
# What a user writes, and the packages that it needs.
STATEMENTS = {
    "import tinyae": "tinyae",
    "from tinyae import Autoencoder": "tinyae",
    "from tinyae import PCA": "tinyae",
    "import torch": "torch",
    "import jax": "jax",
    "import keras": "keras",
    "from sklearn.decomposition import PCA": "sklearn",
    "import onnxruntime": "onnxruntime",
    "import numpy": "numpy",
}
CODE = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"


def import_seconds() -> dict[str, float]:
    """The median of several fresh processes, by statement; without what is not installed.

    The first, which reads from the disk, is not counted.
    """
    return {
        statement: median([_once(statement) for _ in range(1 + REPEATS)][1:])
        for statement, package in STATEMENTS.items()
        if find_spec(package)
    }


def _once(statement: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(statement)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
    )
    return float(done.stdout.split()[-1])
