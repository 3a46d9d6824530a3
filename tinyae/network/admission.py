"""Samples and targets, checked against a model: its shapes, and what its loss allows."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arrays import admit, shape_text

if TYPE_CHECKING:
    from ..autoencoder import Autoencoder

Pair = tuple[ArrayLike, ArrayLike | None, str]  # x, y or None for x itself, and the name of x


def admit_pairs(model: "Autoencoder", *pairs: Pair) -> list[tuple[np.ndarray, np.ndarray]]:
    """Samples and targets, as arrays; the first x decides the shapes of a model that has none."""
    # Such a model lets a copy try first: what is refused must not decide anything.
    built = model if model.built else model.copy()
    admitted = [_admit_pair(built, *pair) for pair in pairs]
    if not model.built:
        model.build(built.input_shape or ())
    return admitted


def _admit_pair(
    model: "Autoencoder", x: ArrayLike, y: ArrayLike | None, name: str
) -> tuple[np.ndarray, np.ndarray]:
    bounds = getattr(model.loss, "bounds", None)
    rows = model.admit_input(x, name)
    if y is None:
        if model.output_shape != model.input_shape:
            raise ValueError(
                f"the model turns {shape_text(model.input_shape or ())} into "
                f"{shape_text(model.output_shape or ())}, so it cannot learn its input: "
                "the decoder must end in the input's shape, or targets be given as y"
            )
        if bounds is not None:
            admit(rows, name, model.input_shape, model.dtype, bounds)
        return rows, rows
    label = "y" if name == "x" else f"{name}[1]"
    target = admit(y, label, model.output_shape, model.dtype, bounds)
    if len(target) != len(rows):
        raise ValueError(
            f"{name} and {label} must have as many samples, but have {len(rows)} and {len(target)}"
        )
    return rows, target
