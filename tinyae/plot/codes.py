"""Codes as points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from mpl_toolkits.axes_grid1 import Size, make_axes_locatable
from numpy.typing import ArrayLike

from ..checks.arguments import optional_text, pair, with_methods
from ..checks.arrays import admit
from ..checks.floating_point import quiet
from ..checks.hints import hinting
from .drawing import (
    COLOURS,
    axes_for,
    equal_aspect,
    label_index,
    label_legend,
    lays_itself_out,
    scatter,
    set_title,
    squared_errors,
    two_axes,
    two_titles,
)

MARGIN, MARGIN_GAP = 0.9, 0.06  # inches, of the histograms of `joint`
MOST_MARGIN = 0.25  # of its height or width


@hinting
def latent(
    codes: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The points of a code of one or two numbers, coloured by label.

    A code of one number is drawn as one row of points per label, scattered a little in height.

    Parameters
    ----------
    codes : array-like, shape (n, 2) or (n, 1)
        The codes.
    labels : array-like, shape (n,), optional
        Up to 50 different values. The legend stands to the right of the axes where the figure makes
        room for it (``layout="constrained"``, which a new one has), else within them.
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
        If the codes have more columns, or the labels do not fit.

    See Also
    --------
    joint : Two units of a larger code.
    manifold : What the codes stand for.

    Examples
    --------
    >>> import tinyae as tae
    >>> ax = tae.plot.latent([[0.0, 1.0], [1.0, 0.0]], labels=["a", "b"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['a', 'b']
    """
    optional_text("title", title)
    points = admit(codes, "codes")
    if points.ndim != 2 or points.shape[1] > 2:
        raise ValueError(
            f"codes must have shape (n, 2) or (n, 1), but its shape is {points.shape}; choose two "
            "columns, such as codes[:, :2], or project them with PCA(2)"
        )
    names, index = label_index(labels, len(points))
    ax = axes_for(ax, (6.4, 5))
    rows_by_label = points.shape[1] == 1
    if rows_by_label:
        height = index + np.random.default_rng(0).uniform(-0.35, 0.35, len(points))
        points = np.column_stack([points[:, 0], height])
        ax.set(xlabel="code", yticks=range(len(names)), yticklabels=map(str, names))
    else:
        ax.set(xlabel="code 0", ylabel="code 1")
        equal_aspect(ax)
    scatter(ax, points, index)
    set_title(ax, "Latent codes", title)
    if labels is not None and not rows_by_label:
        label_legend(ax, names)
    return ax


@hinting
def compare_latent(
    pca: Any,
    model: Any,
    x: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    title: str | Sequence[str | None] | None = None,
    axes: Sequence[Axes] | np.ndarray | None = None,
) -> np.ndarray:
    """The codes of a `PCA` beside those of an autoencoder, with the error of each reconstruction.

    Parameters
    ----------
    pca, model : objects with ``encode(x)`` and ``reconstruct(x)``
        Fitted, with codes of two numbers. The first is given images flattened, shape (n, p).
    x : array-like, shape (n, p) or (n, height, width, channels)
        The samples.
    labels : array-like, shape (n,), optional
        As in `latent`.
    title : str or (str, str), optional
        Instead of their own, one for both or one for each, where None keeps its own; "" for none.
    axes : two Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    ndarray of Axes, shape (2,)
        That of the first and that of the second.

    See Also
    --------
    latent : One of the two.
    compare_reconstructions : What is made of the codes.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).random((30, 16))  # as images of 4 × 4 pixels
    >>> pca = tae.PCA(2).fit(x)
    >>> ae = tae.models.deep((16, 8, 2))
    >>> tae.plot.compare_latent(pca, ae, x).shape
    (2,)
    """
    array, titles = admit(x, "x"), two_titles(title)
    with_methods("pca", pca, "encode", "reconstruct")
    with_methods("model", model, "encode", "reconstruct")
    label_index(labels, len(array))  # refused before a figure is made
    if axes is None:
        axes = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")[1]
    both = two_axes(axes)
    flat = array.reshape(len(array), -1)
    for ax, one, data, name, given in zip(
        both, (pca, model), (flat, array), ("PCA", "Autoencoder"), titles, strict=True
    ):
        latent(one.encode(data), labels, ax=ax)
        error = quiet(np.mean)(squared_errors(one.reconstruct(data), data))
        set_title(ax, f"{name}: mean squared error {error:.4g}", given)
    if both[0].get_legend() is not None:
        both[0].get_legend().remove()  # the one on the right serves both
    return both


@hinting
def joint(
    codes: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    units: tuple[int, int] = (0, 1),
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Two units of a code against each other, with the histogram of each along its axis.

    Parameters
    ----------
    codes : array-like, shape (n, k)
        The codes.
    labels : array-like, shape (n,), optional
        As in `latent`; the histograms are drawn for each label.
    units : (int, int)
        Which columns, counted from 0 as the labels count them: across and up.
    title : str, optional
        Instead of its own; "" for none.
    ax : Axes, optional
        Where to draw: it gives room to the histograms, above and to the right. Default: a new
        figure.

    Returns
    -------
    Axes
        Where it was drawn.

    Raises
    ------
    ValueError
        If the codes have no such columns, or the labels do not fit.

    See Also
    --------
    latent : Codes of two numbers.
    tinyae.latent_diagnostics : How units depend on each other, in numbers.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> codes = np.random.default_rng(0).normal(size=(50, 3))
    >>> tae.plot.joint(codes, units=(0, 2)).get_ylabel()
    'code 2'
    """
    optional_text("title", title)
    points = admit(codes, "codes")
    across, up = pair("units", units, least=-points.shape[1])
    if points.ndim != 2 or not all(0 <= unit < points.shape[1] for unit in (across, up)):
        raise ValueError(
            f"codes must have shape (n, k) with columns {across} and {up}, as units say, but its "
            f"shape is {points.shape}"
        )
    shown = points[:, [across, up]].astype(float)
    names, index = label_index(labels, len(shown))
    ax = axes_for(ax, (6.4 if labels is None else 7.4, 6))
    scatter(ax, shown, index)
    ax.set(xlabel=f"code {across}", ylabel=f"code {up}")
    _make_square(ax, shown)
    room = min(ax.get_window_extent().size) / ax.figure.dpi
    height = min(MARGIN, MOST_MARGIN * room)
    divider = make_axes_locatable(ax)
    top = divider.append_axes("top", height, MARGIN_GAP, sharex=ax)
    side = divider.append_axes("right", height, MARGIN_GAP, sharey=ax)
    groups = [shown[index == i] for i in range(len(names))]
    bins = 40 if labels is None else 20  # several outlines are read only if they are smooth
    places = (top, 0, "vertical", ax.get_xlim()), (side, 1, "horizontal", ax.get_ylim())
    for margin, column, orientation, limits in places:
        edges = quiet(np.linspace)(*limits, bins + 1)  # one width for both, so that no bar is lost
        for i, group in enumerate(groups):
            style = "stepfilled" if labels is None else "step"
            colour = COLOURS[i % len(COLOURS)]
            how = {"orientation": orientation, "histtype": style, "color": colour}
            quiet(margin.hist)(group[:, column], edges, **how)
        margin.tick_params(labelbottom=False, labelleft=False, length=0)
        margin.spines[["top", "right"]].set_visible(False)
    beyond = height + MARGIN_GAP  # title and legend go outside the histograms
    set_title(ax, f"Codes {across} and {up}", title, pad=72 * beyond + 6)  # in points
    if labels is not None:
        square = (room - beyond) * ax.figure.dpi
        legend = label_legend(ax, names, gap=beyond, room=(square, square))
        if lays_itself_out(ax):
            # layouts do not know where the histograms will leave the axes that it stands beside
            width = legend.get_window_extent().width / ax.figure.dpi
            divider.append_size("right", Size.Fixed(MARGIN_GAP + width))
    return ax


@quiet
def _make_square(ax: Axes, points: np.ndarray) -> None:
    """One unit is as long across as it is up, and as many are shown of both."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, 0.55 * float((high - low).max()) or 0.5
    (left, bottom), (right, top) = middle - half, middle + half
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
