"""The samples that a command's options choose."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..datasets.columns import Choice, Remembered, some
from ..datasets.samples import NUMPY, TEXT, Samples, read_samples
from ..family.rescaled import first_rescaling
from ..linear.pca import PCA
from .terminal import say


def chosen_samples(
    options: argparse.Namespace, dtype: DTypeLike, choice: Choice | None = None
) -> Samples:
    """The samples of the data file, as they are; all of them finite in that type of numbers."""
    choice = choice or Choice(options.columns, options.drop)
    samples = read_samples(options.data, options.key, choice, options.header)
    largest = float(np.finfo(dtype).max)
    samples.check(-largest, largest, f"is too large for {np.dtype(dtype)}")
    return samples


def fitting_samples(options: argparse.Namespace, model: Any, what: str) -> Samples:
    """The same for a model that is there: pixels of 8 bits are divided unless it does so itself.

    Unless others are asked for, its columns are those that the model was trained on.
    """
    known = getattr(model, "columns", None) if what != "decode" else None
    asked = bool(options.columns or options.drop)
    choice = None
    if known and not asked and options.data.suffix.lower() in (*TEXT, *NUMPY):
        named = isinstance(known[0], str)
        choice = Remembered(columns=tuple(map(str, known)), named=named)
    dtype = "float64" if isinstance(model, PCA) else model.dtype
    samples = chosen_samples(options, dtype, choice)
    if known and asked:
        _check_order(options.data, samples.names, known)
    takes_them = what != "decode" and first_rescaling(getattr(model, "layers", [])) is not None
    if not samples.pixels or takes_them:
        return samples
    say(f"{options.data}: pixels of 8 bits, which are divided by 255")
    return samples._replace(x=samples.x.astype(np.float32) / np.float32(255), pixels=False)


def _check_order(data: Any, names: list[str] | None, known: tuple[str | int, ...]) -> None:
    """Refuse the columns that the model was trained on, asked for in another order."""
    if names is not None and names != [*known] and {*names} == {*known}:
        raise ValueError(
            f"{data}: the model was trained on the columns {some(known)}, in this order, but asked "
            f"for is {some(names)}; without --columns they are found by name"
        )
