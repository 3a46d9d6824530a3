"""The samples that a command's options choose."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..datasets.columns import Choice
from ..datasets.samples import Samples, read_samples
from ..family.rescaled import first_rescaling
from ..linear.pca import PCA
from .terminal import say


def chosen_samples(options: argparse.Namespace, dtype: DTypeLike) -> Samples:
    """The samples of the data file, as they are; all of them finite in that type of numbers."""
    choice = Choice(options.columns, options.drop)
    samples = read_samples(options.data, options.key, choice, options.header)
    largest = float(np.finfo(dtype).max)
    samples.check(-largest, largest, f"is too large for {np.dtype(dtype)}")
    return samples


def fitting_samples(options: argparse.Namespace, model: Any, what: str) -> Samples:
    """The same for a model that is there: pixels of 8 bits are divided unless it does so itself."""
    samples = chosen_samples(options, "float64" if isinstance(model, PCA) else model.dtype)
    takes_them = what != "decode" and first_rescaling(getattr(model, "layers", [])) is not None
    if not samples.pixels or takes_them:
        return samples
    say(f"{options.data}: pixels of 8 bits, which are divided by 255")
    return samples._replace(x=samples.x.astype(np.float32) / np.float32(255), pixels=False)
