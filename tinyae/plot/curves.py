"""Data of two numbers, and the curve on which a model with a code of one number puts them."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ..checks.arguments import optional_text, whole, with_methods
from ..checks.arrays import admit
from ..checks.hints import hinting
from .drawing import (
    COLOURS,
    axes_for,
    equal_aspect,
    evenly,
    legend_within,
    on_scale_of,
    rescaled,
    set_title,
)


@hinting
def curve(
    model: Any,
    x: ArrayLike,
    *,
    pca: Any = None,
    n: int = 1000,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw points of two numbers and all that the model can decode, from low codes to high.

    Parameters
    ----------
    model : object with ``encode(x)`` and ``decode(z)``
        With codes of one number.
    x : array-like, shape (m, 2)
        The points.
    pca : object like `model`, optional
        A fitted ``PCA(1)``, whose line is drawn too.
    n : int
        How many codes to decode, evenly spaced.
    title : str, optional
        Instead of its own; "" for none.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    Axes
        Where it was drawn.

    Raises
    ------
    ValueError
        If `x` or the codes have another shape.

    See Also
    --------
    training_film : How such a curve is learned.
    manifold : For codes of two numbers.

    Examples
    --------
    >>> import tinyae as tae
    >>> x = tae.datasets.sine_curve(50)
    >>> ax = tae.plot.curve(tae.models.deep((2, 8, 1)), x, pca=tae.PCA(1).fit(x))
    """
    points, n = admit(x, "x", (2,)), whole("n", n, least=2)
    optional_text("title", title)
    with_methods("model", model, "encode", "decode")
    if pca is not None:
        with_methods("pca", pca, "encode", "decode")
    # PCA's line is wider: a linear autoencoder's lies upon it
    models = [("PCA", pca, COLOURS[0], 5)] if pca is not None else []
    models.append(("autoencoder", model, COLOURS[2], 2))
    lines = [
        on_scale_of(model, one, _decoded_line(one, points, n, name)) for name, one, *_ in models
    ]
    points = rescaled(model, points)
    ax = axes_for(ax, (6.4, 5))
    size = np.clip(4e4 / len(points), 4, 30)
    ax.scatter(points[:, 0], points[:, 1], size, "#94a4a2", alpha=0.6, linewidths=0, label="data")
    for (name, _, colour, width), line in zip(models, lines, strict=True):
        ax.plot(*line.T, color=colour, lw=width, label=name)
    ax.set(xlabel="x[:, 0]", ylabel="x[:, 1]")
    equal_aspect(ax)
    set_title(ax, "Data and decoded curve", title)
    legend_within(ax)
    return ax


def _decoded_line(model: Any, points: np.ndarray, n: int, name: str) -> np.ndarray:
    codes = np.asarray(model.encode(points))
    if codes.shape != (len(points), 1):
        raise ValueError(
            f"the {name} must have codes of one number, shape ({len(points)}, 1), but their shape "
            f"is {codes.shape}"
        )
    return np.asarray(model.decode(evenly(codes.min(), codes.max(), n)[:, np.newaxis]))
