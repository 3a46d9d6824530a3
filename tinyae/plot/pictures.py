"""Images that a model was given, and those that it made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ..checks.arguments import length, mapping, optional_text, whole, with_methods
from ..checks.arrays import admit, numbers
from ..checks.floating_point import converted, quiet
from ..checks.hints import hinting
from .drawing import (
    as_images,
    axes_for,
    evenly,
    grey_limits,
    label_rows,
    on_scale_of,
    rescaled,
    scale_of,
    set_title,
    show,
    tile,
)

Bounds = tuple[tuple[float, float], tuple[float, float]]


@hinting
def reconstructions(
    model: Any, x: ArrayLike, *, n: int = 10, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """The first `n` images of `x` and below each its reconstruction, with the same grey scale.

    Parameters
    ----------
    model : object with ``reconstruct(x)``
        An `Autoencoder`, a `PCA`, or anything that can do the same.
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
    compare_reconstructions : Of several models.
    error_map : Where they err.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).random((30, 16))  # as images of 4 × 4 pixels
    >>> pca = tae.PCA(2).fit(x)
    >>> ax = tae.plot.reconstructions(pca, x, n=5)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['input', 'output']
    """
    optional_text("title", title)
    with_methods("model", model, "reconstruct")
    shown = admit(x, "x")[: whole("n", n)]
    inputs, outputs = (
        as_images(rescaled(model, shown), "x"),
        as_images(model.reconstruct(shown), "the reconstruction"),
    )
    ax = rows_of_images([inputs, outputs], ["input", "output"], ax)
    set_title(ax, "Inputs and reconstructions", title)
    return ax


@hinting
def compare_reconstructions(
    models: Mapping[str, Any],
    x: ArrayLike,
    *,
    n: int = 10,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The first `n` images of `x`, and below them what each of several models makes of them.

    Parameters
    ----------
    models : mapping of str to object with ``reconstruct(x)``
        By the name of their row: ``{"PCA": pca, "autoencoder": ae}``. A `PCA` is given images
        flattened. All rows are on the scale of the first model that begins with `Rescaling`.
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
    reconstructions : Of one model.
    compare_latent : The codes of two models.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).random((30, 16))  # as images of 4 × 4 pixels
    >>> pca = tae.PCA(2).fit(x)
    >>> models = {"PCA": pca, "autoencoder": tae.models.deep((16, 8, 2))}
    >>> ax = tae.plot.compare_reconstructions(models, x, n=5)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['input', 'PCA', 'autoencoder']
    """
    optional_text("title", title)
    if not mapping("models", models, "objects with reconstruct"):
        raise ValueError("models must hold one model at least, but it is empty")
    for name, model in models.items():
        with_methods(f"models[{name!r}]", model, "reconstruct")
    given = admit(x, "x")[: whole("n", n)]
    leader = next((model for model in models.values() if scale_of(model) != (1, 0)), None)
    rows = [as_images(rescaled(leader, given), "x")]
    for name, model in models.items():
        flat = hasattr(model, "components_")
        made = np.asarray(model.reconstruct(given.reshape(len(given), -1) if flat else given))
        if made.size != given.size:
            raise ValueError(
                f"models[{name!r}] must make images of shape {given.shape}, but the shape of what "
                f"it made is {made.shape}"
            )
        made = on_scale_of(leader, model, made.reshape(given.shape))
        rows.append(as_images(made, "the reconstruction"))
    ax = rows_of_images(rows, ["input", *models], ax)
    set_title(ax, "Inputs and reconstructions", title)
    return ax


@hinting
def manifold(
    model: Any,
    *,
    n: int = 15,
    bounds: tuple[float, float] | Bounds | None = None,
    codes: ArrayLike | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The images that a code of two numbers stands for, decoded on a grid of n × n codes.

    Parameters
    ----------
    model : object with ``decode(z)``
        It is given z of shape (n², 2).
    n : int
        The number of images in a row and in a column.
    bounds : (low, high) or ((low, high), (low, high)), optional
        The first and last code, for both axes or for each. Default: (-3, 3).
    codes : array-like, shape (m, 2), optional
        Codes of data, instead of `bounds`: the grid goes from their 1st to their 99th percentile.
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
        If the codes are of another size, or what they decode to is no image.

    See Also
    --------
    latent : Where the data's codes are.
    page : The same in a browser.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).random((30, 16))  # as images of 4 × 4 pixels
    >>> pca = tae.PCA(2).fit(x)
    >>> ax = tae.plot.manifold(pca, n=5, codes=pca.encode(x))
    """
    n = length("n", n, least=2)
    optional_text("title", title)
    with_methods("model", model, "decode")
    (left, right), (bottom, top) = _grid_bounds(bounds, codes)
    across, up = evenly(left, right, n), evenly(top, bottom, n)  # the first row is on top
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    try:
        decoded = model.decode(grid)
    except ValueError as error:
        raise ValueError(
            f"model must have codes of two numbers, but of such ones it says: {error}; page draws "
            "larger codes"
        ) from error
    images = as_images(decoded, "the decoded grid")
    ax = axes_for(ax, (6.4, 6.4))
    # An image is centred on its code, so the picture ends half a step beyond the last one.
    dx, dy = (right - left) / (n - 1) / 2, (top - bottom) / (n - 1) / 2
    height, width = images.shape[1:3]
    show(
        ax,
        tile(images, n),
        grey_limits(images),
        extent=(left - dx, right + dx, bottom - dy, top + dy),
        aspect=(dx / width) / (dy / height),
    )
    ax.set(xlabel="code 0", ylabel="code 1")
    set_title(ax, "Decoded codes", title)
    return ax


@hinting
def interpolation(
    strips: Mapping[str, ArrayLike], *, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw ways from the image on the left to that on the right, one row below the other.

    Parameters
    ----------
    strips : mapping of str to array-like, shape (n, height · width) or (n, height, width, 1 or 3)
        The images of each row by its label, all rows as long as the first:
        ``{"pixels": straight_line(a, b, 10), "codes": interpolate(model, a, b, 10)}``.
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
        If there is no row, or one has another shape than the first.

    See Also
    --------
    tinyae.interpolate : The way between two codes.
    tinyae.straight_line : The way between two images.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).random((30, 16))  # as images of 4 × 4 pixels
    >>> pca = tae.PCA(2).fit(x)
    >>> strips = {
    ...     "pixels": tae.straight_line(x[0], x[1], 5),
    ...     "codes": tae.interpolate(pca, x[0], x[1], 5),
    ... }
    >>> ax = tae.plot.interpolation(strips)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['pixels', 'codes']
    """
    optional_text("title", title)
    if not mapping("strips", strips, "rows of images"):
        raise ValueError("strips must hold one row of images at least, but it is empty")
    names = [f"strips[{name!r}]" for name in strips]
    pairs = zip(names, strips.values(), strict=True)
    rows = [as_images(admit(images, name), name) for name, images in pairs]
    for name, row in zip(names, rows, strict=True):
        if row.shape != rows[0].shape:
            raise ValueError(
                f"{name} must have as many images of the same size as the first row, whose shape "
                f"is {rows[0].shape}, but its shape is {row.shape}"
            )
    ax = rows_of_images(rows, list(strips), ax)
    set_title(ax, "Interpolation", title)
    return ax


@hinting
def samples(
    images: ArrayLike,
    *,
    columns: int | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A grid of images, row by row: those generated from sampled codes, or any others.

    Parameters
    ----------
    images : array-like, shape (n, height · width) of square images, or (n, height, width, 1 or 3)
        The images.
    columns : int, optional
        Images in a row. Default: about as many as there are rows.
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
    tinyae.generate : Makes new images.
    tile : The same as one array.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> ax = tae.plot.samples(np.random.default_rng(0).random((6, 16)), columns=3)
    """
    optional_text("title", title)
    shown = as_images(admit(images, "images"), "images")
    most = math.ceil(math.sqrt(len(shown))) if columns is None else whole("columns", columns)
    columns = min(most, len(shown))
    limits = grey_limits(shown)
    missing = [(0, -len(shown) % columns), *[(0, 0)] * (shown.ndim - 1)]
    full = tile(np.pad(shown, missing, constant_values=limits[1]), columns, 1, limits[1])
    ax = axes_for(ax, (6.4, 6.4 * full.shape[0] / full.shape[1] + 0.4))
    show(ax, full, limits)
    ax.set(xticks=[], yticks=[])
    set_title(ax, "Samples", title)
    ax.spines[:].set_visible(False)
    return ax


def coloured(images: np.ndarray) -> np.ndarray:
    """Grey images as images of three equal colours, (n, h, w, 3)."""
    return images if images.ndim == 4 else np.repeat(images[..., np.newaxis], 3, axis=3)


def rows_of_images(rows: Sequence[np.ndarray], labels: Sequence[str], ax: Axes | None) -> Axes:
    """Rows of equally many images of one size, each with its label, on the first row's scale."""
    limits = grey_limits(rows[0])
    columns, (height, width) = len(rows[0]), rows[0].shape[1:3]
    ax = axes_for(ax, (max(3, columns + 0.6), len(rows) * height / width + 0.4))
    show(ax, tile(np.concatenate(rows), columns, gap=1, fill=limits[1]), limits)
    middles = (height - 1) / 2 + (height + 1) * np.arange(len(rows))
    ax.set_xticks([])
    ax.tick_params(length=0)
    label_rows(ax, middles, labels)
    ax.spines[:].set_visible(False)
    return ax


def _grid_bounds(bounds: tuple | None, codes: ArrayLike | None) -> Bounds:
    if codes is not None:
        if bounds is not None:
            raise ValueError("codes and bounds both say what the grid covers: give one of them")
        points = admit(codes, "codes", (2,)).astype(np.float64)
        low, high = quiet(np.percentile)(points, [1, 99], axis=0)
        pairs = np.stack([low, high], axis=1)
    else:
        pairs = converted(numbers((-3, 3) if bounds is None else bounds, "bounds"), float)
        if pairs.shape == (2,):
            pairs = np.stack([pairs, pairs])
    rising = pairs.shape == (2, 2) and np.all(pairs[:, 0] < pairs[:, 1])
    if not rising or not np.isfinite(pairs).all():
        raise ValueError(
            f"bounds must be (low, high), or one such pair for each axis, with low < high, but got "
            f"{pairs.tolist()}"
        )
    (left, right), (bottom, top) = pairs.tolist()
    return (left, right), (bottom, top)
