"""Where in an image the reconstruction errs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from numpy.typing import ArrayLike

from ..checks.arguments import optional_text, whole, with_methods
from ..checks.arrays import admit
from ..checks.floating_point import quiet
from ..checks.hints import hinting
from .drawing import (
    as_images,
    colour_bar,
    grey_limits,
    rescaled,
    set_title,
    squared_errors,
    unit_range,
)
from .pictures import coloured, rows_of_images


@hinting
def error_map(
    model: Any, x: ArrayLike, *, n: int = 8, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """The first `n` images of `x`, their reconstructions, and where the two differ.

    Below each column stands its mean squared error.

    Parameters
    ----------
    model : object with ``reconstruct(x)``
        An `tinyae.Autoencoder`, a `tinyae.PCA`, or anything that can do the same.
    x : array-like, shape (n, height · width) of square images, or (n, height, width, 1 or 3)
        The images.
    n : int
        How many; all of them where `x` has fewer.
    title : str, optional
        Instead of its own; "" for none.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
        Where it was drawn.

    See Also
    --------
    reconstructions : Without the errors.
    blame_map : The same from an anomaly's explanation.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).random((30, 16))  # as images of 4 × 4 pixels
    >>> pca = tae.PCA(2).fit(x)
    >>> tae.plot.error_map(pca, x, n=3).get_xlabel()
    'mean squared error'
    """
    optional_text("title", title)
    with_methods("model", model, "reconstruct")
    given = admit(x, "x")[: whole("n", n)]
    inputs = as_images(rescaled(model, given), "x")
    outputs = as_images(model.reconstruct(given), "reconstruction")
    errors = squared_errors(outputs, inputs)
    squared, difference = quiet(np.mean)(errors.reshape(len(inputs), -1), axis=1), np.sqrt(errors)
    if difference.ndim == 4:
        difference = difference.mean(axis=3)
    scale = ScalarMappable(Normalize(0, float(difference.max()) or 1.0), "inferno")
    limits = grey_limits(inputs)
    # One picture holds grey values and colours, so all become colours here.
    rows = [coloured(unit_range(row, limits)) for row in (inputs, outputs)]
    heat = np.asarray(scale.cmap(np.asarray(scale.norm(difference))))
    rows.append(heat[..., :3])
    ax = rows_of_images(rows, ["input", "output", "error"], ax)
    width = inputs.shape[2]
    ax.set_xticks(
        (width - 1) / 2 + (width + 1) * np.arange(len(inputs)), [f"{mse:#.3g}" for mse in squared]
    )
    pitch = 72 * ax.get_window_extent().width / ax.figure.dpi / len(inputs)  # points
    if pitch < 40:  # what six digits need side by side
        ax.tick_params("x", labelrotation=90, labelsize=min(9, 0.7 * pitch))
    ax.set_xlabel("mean squared error")
    colour_bar(ax, scale, "absolute error")
    set_title(ax, "Where the reconstruction errs", title)
    return ax
