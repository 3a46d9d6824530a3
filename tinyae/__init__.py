"""tinyae: autoencoders from scratch in NumPy and Numba.

To learn how backpropagation works inside, read in this order:

1. ``tinyae/layers/dense.py``: one layer, its forward and its backward pass side by side;
2. ``tinyae/losses.py``: where the gradient starts;
3. ``tinyae/trainers.py``: ``EagerTrainer``, backpropagation through a chain of layers;
4. ``tinyae/optimizers.py``: what is done with the gradient;
5. ``tinyae/layers/conv.py``: convolution and its transpose as one product;
6. ``tinyae/engine.py``: the same backpropagation as one compiled loop.

Public names are imported on first use, so ``import tinyae`` loads NumPy and nothing heavier.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:  # the same names as in _HOME, for type checkers and editors
    from . import datasets as datasets
    from . import models as models
    from . import plot as plot
    from .autoencoder import Autoencoder as Autoencoder
    from .callbacks import EarlyStopping as EarlyStopping
    from .callbacks import ModelCheckpoint as ModelCheckpoint
    from .certificate import compare_with_pca as compare_with_pca
    from .diagnostics import latent_diagnostics as latent_diagnostics
    from .gradcheck import check_gradients as check_gradients
    from .history import History as History
    from .initializers import RandomNormal as RandomNormal
    from .layers.base import Layer as Layer
    from .layers.conv import Conv2D as Conv2D
    from .layers.conv import Conv2DTranspose as Conv2DTranspose
    from .layers.dense import Dense as Dense
    from .layers.noise import Dropout as Dropout
    from .layers.noise import GaussianNoise as GaussianNoise
    from .layers.pooling import AveragePooling2D as AveragePooling2D
    from .layers.pooling import MaxPooling2D as MaxPooling2D
    from .layers.pooling import UpSampling2D as UpSampling2D
    from .layers.reshaping import Activation as Activation
    from .layers.reshaping import Flatten as Flatten
    from .layers.reshaping import Reshape as Reshape
    from .layers.sequential import Sequential as Sequential
    from .losses import BCE as BCE
    from .losses import MSE as MSE
    from .model_file import ModelFormatError as ModelFormatError
    from .optimizers import SGD as SGD
    from .optimizers import Adam as Adam
    from .pca import PCA as PCA
    from .persistence import load as load
    from .regularizers import L1 as L1
    from .regularizers import L1L2 as L1L2
    from .regularizers import L2 as L2
    from .sampling import GaussianSampler as GaussianSampler
    from .sampling import generate as generate
    from .sampling import interpolate as interpolate
    from .sampling import straight_line as straight_line
    from .tracing import trace as trace
    from .training import TrainingDiverged as TrainingDiverged

_HOME = {
    "Activation": "layers.reshaping",
    "Adam": "optimizers",
    "Autoencoder": "autoencoder",
    "AveragePooling2D": "layers.pooling",
    "BCE": "losses",
    "Conv2D": "layers.conv",
    "Conv2DTranspose": "layers.conv",
    "Dense": "layers.dense",
    "Dropout": "layers.noise",
    "EarlyStopping": "callbacks",
    "Flatten": "layers.reshaping",
    "GaussianNoise": "layers.noise",
    "GaussianSampler": "sampling",
    "History": "history",
    "L1": "regularizers",
    "L1L2": "regularizers",
    "L2": "regularizers",
    "Layer": "layers.base",
    "MSE": "losses",
    "MaxPooling2D": "layers.pooling",
    "ModelCheckpoint": "callbacks",
    "ModelFormatError": "model_file",
    "PCA": "pca",
    "RandomNormal": "initializers",
    "Reshape": "layers.reshaping",
    "SGD": "optimizers",
    "Sequential": "layers.sequential",
    "TrainingDiverged": "training",
    "UpSampling2D": "layers.pooling",
    "check_gradients": "gradcheck",
    "compare_with_pca": "certificate",
    "generate": "sampling",
    "interpolate": "sampling",
    "latent_diagnostics": "diagnostics",
    "load": "persistence",
    "straight_line": "sampling",
    "trace": "tracing",
}
_MODULES = ("datasets", "models", "plot")

__all__ = [*_HOME, *_MODULES]


def __getattr__(name: str):
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _HOME:
        value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
