"""tinyae: autoencoders from scratch in NumPy and Numba.

To learn how backpropagation works inside, read in this order:

1. ``tinyae/layers/dense.py``: one layer, its forward and its backward pass side by side;
2. ``tinyae/losses.py``: where the gradient starts;
3. ``tinyae/autoencoder.py``: layers put together into a model;
4. ``tinyae/optimizers.py``: what is done with the gradient.

Public names are imported on first use, so ``import tinyae`` loads NumPy and nothing heavier.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:  # the same names as in _HOME, for type checkers and editors
    from . import datasets as datasets
    from . import plot as plot
    from .pca import PCA as PCA

_HOME = {
    "PCA": "pca",
}
_MODULES = ("datasets", "plot")

__all__ = [*_HOME, *_MODULES]  # noqa: PLE0604


def __getattr__(name: str):
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _HOME:
        value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
