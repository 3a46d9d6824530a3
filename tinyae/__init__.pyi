# The public names, and where each is defined: read by type checkers and editors, and, once, by
# `tinyae/__init__.py` when the package is imported.

from . import datasets as datasets
from . import models as models
from . import plot as plot
from .autoencoder import Autoencoder as Autoencoder
from .callbacks.early_stopping import EarlyStopping as EarlyStopping
from .callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from .codes.latent_diagnostics import latent_diagnostics as latent_diagnostics
from .codes.sampling import GaussianSampler as GaussianSampler
from .codes.sampling import generate as generate
from .codes.sampling import interpolate as interpolate
from .codes.sampling import straight_line as straight_line
from .files.archive import ModelFormatError as ModelFormatError
from .inspection.check_gradients import check_gradients as check_gradients
from .inspection.compare_with_pca import compare_with_pca as compare_with_pca
from .inspection.trace import trace as trace
from .layers.convolution import Conv2D as Conv2D
from .layers.convolution import Conv2DTranspose as Conv2DTranspose
from .layers.dense import Dense as Dense
from .layers.kernels import Kernels as Kernels
from .layers.layer import Layer as Layer
from .layers.noise import Dropout as Dropout
from .layers.noise import GaussianNoise as GaussianNoise
from .layers.pooling import AveragePooling2D as AveragePooling2D
from .layers.pooling import MaxPooling2D as MaxPooling2D
from .layers.pooling import UpSampling2D as UpSampling2D
from .layers.reshaping import Activation as Activation
from .layers.reshaping import Flatten as Flatten
from .layers.reshaping import Reshape as Reshape
from .linear.pca import PCA as PCA
from .loading import load as load
from .machine.jit import kernel as kernel
from .maths.activations import ActivationFunction as ActivationFunction
from .maths.formula import Formula as Formula
from .maths.initializers import RandomNormal as RandomNormal
from .maths.loss import Loss as Loss
from .maths.losses import BCE as BCE
from .maths.losses import MAE as MAE
from .maths.losses import MSE as MSE
from .maths.losses import CategoricalCrossentropy as CategoricalCrossentropy
from .maths.losses import Huber as Huber
from .maths.optimizers import SGD as SGD
from .maths.optimizers import Adam as Adam
from .maths.optimizers import Optimizer as Optimizer
from .maths.penalties import L1 as L1
from .maths.penalties import L1L2 as L1L2
from .maths.penalties import L2 as L2
from .maths.per_column import Columns as Columns
from .network.history import History as History
from .network.sequential import Sequential as Sequential
from .training.divergence import TrainingDiverged as TrainingDiverged

__version__: str
