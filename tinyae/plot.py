"""Pictures of training and of what was learned; needs matplotlib (``pip install "tinyae[plot]"``).

Every function draws into the axes it is given, or into a new figure, and returns the axes. Nothing
is shown and no setting of matplotlib is changed: that is left to the caller.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .arrays import admit

if TYPE_CHECKING:
    from .layers.base import Layer

try:
    from matplotlib import pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator
except ImportError as error:
    raise ImportError('plots need matplotlib: pip install "tinyae[plot]"') from error

# Ten colours told apart with any colour vision: M. Petroff, "Accessible color sequences for data
# visualization" (2021, arXiv:2107.02270). Every further ten labels get another marker.
COLOURS = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)
MARKERS = "o^sDv"

Bounds = tuple[tuple[float, float], tuple[float, float]]


def history(history: Mapping[str, Sequence[float]], *, ax: Axes | None = None) -> Axes:
    """The loss by epoch, counted from 1; dashed on the validation data.

    Parameters
    ----------
    history : mapping of str to sequence of float
        What `fit` returns: ``loss``, and where there are any ``val_loss``, ``reconstruction``,
        ``penalty`` and so on. The parts of the loss are drawn where a penalty is not zero.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Raises
    ------
    ValueError
        If no epoch is recorded.
    """
    if not len(history.get("loss", ())):
        raise ValueError("history must hold the loss of one epoch at least, but it holds none")
    parts = ["loss"]
    if any(np.any(np.nan_to_num(history.get(key, ()))) for key in ("penalty", "val_penalty")):
        parts += ["reconstruction", "penalty"]
    ax = ax or _new_axes((6.4, 4))
    drawn = []
    for part, colour in zip(parts, COLOURS, strict=False):
        for key, style in ((part, "-"), (f"val_{part}", "--")):
            if key in history:
                values = np.asarray(history[key], float)
                drawn.append(values)
                marker = "o" if len(values) <= 20 else ""  # a single epoch makes no line
                epochs = np.arange(1, len(values) + 1)
                ax.plot(epochs, values, style, color=colour, marker=marker, ms=4, label=key)
    positive = np.concatenate(drawn)
    positive = positive[positive > 0]
    if positive.size and positive.max() > 10 * positive.min():
        ax.set_yscale("log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="epoch", ylabel="loss", title="Training history")
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def latent(codes: ArrayLike, labels: ArrayLike | None = None, *, ax: Axes | None = None) -> Axes:
    """The points of a code of one or two numbers, coloured by label.

    A code of one number is drawn as one row of points per label, scattered a little in height.

    Parameters
    ----------
    codes : array-like, shape (n, 2) or (n, 1)
    labels : array-like, shape (n,), optional
        Up to 50 different values. The legend stands to the right of the axes: a figure of your own
        needs room for it (``layout="constrained"`` makes some).
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Raises
    ------
    ValueError
        If the codes have more columns, or the labels do not fit.
    """
    points = admit(codes, "codes")
    if points.ndim != 2 or points.shape[1] > 2:
        raise ValueError(
            f"codes must have shape (n, 2) or (n, 1), but its shape is {points.shape}; choose two "
            "columns, such as codes[:, :2], or project them with PCA(2)"
        )
    names, index = _label_index(labels, len(points))
    ax = ax or _new_axes((6.4, 5))
    rows_by_label = points.shape[1] == 1
    if rows_by_label:
        height = index + np.random.default_rng(0).uniform(-0.35, 0.35, len(points))
        points = np.column_stack([points[:, 0], height])
        ax.set(xlabel="code", yticks=range(len(names)), yticklabels=map(str, names))
    else:
        ax.set(xlabel="code 1", ylabel="code 2")
    colour, group = np.array(COLOURS)[index % len(COLOURS)], index // len(COLOURS)
    size = np.clip(4e4 / len(points), 4, 30)
    for marker in np.unique(group):
        # Ten labels in one go: drawn one after another, the last would cover the first.
        of = group == marker
        ax.scatter(
            points[of, 0], points[of, 1], size, colour[of], marker=MARKERS[marker], linewidths=0
        )
    ax.set_title("Latent codes")
    if labels is not None and not rows_by_label:
        _label_legend(ax, names)
    return ax


def reconstructions(model: Any, x: ArrayLike, *, n: int = 10, ax: Axes | None = None) -> Axes:
    """The first `n` images of `x` and below each its reconstruction, with the same grey scale.

    Parameters
    ----------
    model : object with ``reconstruct(x)``
        An `Autoencoder`, a `PCA`, or anything that can do the same.
    x : array-like, shape (n, height · width) of square images, or (n, height, width, 1 or 3)
    n : int
        How many; all of them where `x` has fewer.
    ax : Axes, optional
        Where to draw. Default: a new figure.
    """
    shown = admit(x, "x")[: _count(n, "n")]
    inputs, outputs = _images(shown, "x"), _images(model.reconstruct(shown), "the reconstruction")
    limits = _limits(inputs)
    columns, (height, width) = len(inputs), inputs.shape[1:3]
    ax = ax or _new_axes((max(3, columns + 0.6), 2 * height / width + 0.4))
    _show(ax, tile(np.concatenate([inputs, outputs]), columns, gap=1, fill=limits[1]), limits)
    ax.set(xticks=[], yticks=[(height - 1) / 2, (height - 1) / 2 + height + 1])
    ax.set(yticklabels=["input", "output"], title="Inputs and reconstructions")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def manifold(
    model: Any,
    *,
    n: int = 15,
    bounds: tuple[float, float] | Bounds | None = None,
    codes: ArrayLike | None = None,
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
    ax : Axes, optional
        Where to draw. Default: a new figure.
    """
    n = _count(n, "n", least=2)
    (left, right), (bottom, top) = _grid_bounds(bounds, codes)
    across, up = np.linspace(left, right, n), np.linspace(top, bottom, n)  # the first row is on top
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    images = _images(model.decode(grid), "the decoded grid")
    ax = ax or _new_axes((6.4, 6.4))
    # An image is centred on its code, so the picture ends half a step beyond the last one.
    dx, dy = (right - left) / (n - 1) / 2, (top - bottom) / (n - 1) / 2
    height, width = images.shape[1:3]
    _show(
        ax,
        tile(images, n),
        _limits(images),
        extent=(left - dx, right + dx, bottom - dy, top + dy),
        aspect=(dx / width) / (dy / height),
    )
    ax.set(xlabel="code 1", ylabel="code 2", title="Decoded codes")
    return ax


def compare_latent(
    pca: Any,
    model: Any,
    x: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    axes: Sequence[Axes] | np.ndarray | None = None,
) -> np.ndarray:
    """The codes of a `PCA` beside those of an autoencoder, with the error of each reconstruction.

    Parameters
    ----------
    pca, model : objects with ``encode(x)`` and ``reconstruct(x)``
        Fitted, with codes of two numbers. The first is given images flattened, shape (n, p).
    x : array-like, shape (n, p) or (n, height, width, channels)
    labels : array-like, shape (n,), optional
        As in `latent`.
    axes : two Axes, optional
        Where to draw. Default: a new figure.

    Returns
    -------
    ndarray of Axes, shape (2,)
    """
    array = admit(x, "x")
    if axes is None:
        axes = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")[1]
    pair = np.asarray(axes, object)
    if pair.shape != (2,):
        raise ValueError(f"axes must be two Axes, but its shape is {pair.shape}")
    flat = array.reshape(len(array), -1)
    for ax, one, data, name in zip(
        pair, (pca, model), (flat, array), ("PCA", "Autoencoder"), strict=True
    ):
        latent(one.encode(data), labels, ax=ax)
        error = np.mean((one.reconstruct(data) - data) ** 2, dtype=np.float64)
        ax.set_title(f"{name}: mean squared error {error:.4g}")
    if pair[0].get_legend() is not None:
        pair[0].get_legend().remove()  # the one on the right serves both
    return pair


def filters(layer: "Layer", *, n: int = 64, ax: Axes | None = None) -> Axes:
    """The first `n` kernels of a layer that sees the image, blue below zero and red above.

    Parameters
    ----------
    layer : Conv2D on images of one channel, or Dense on flat square images
        Built, ``model.encoder.layers[0]`` for example.
    n : int
        How many filters or units; all of them where there are fewer.
    ax : Axes, optional
        Where to draw. Default: a new figure.
    """
    weights = layer.weights.get("kernel")
    if (
        weights is None
        or weights.ndim not in (2, 4)
        or (weights.ndim == 4 and weights.shape[2] > 1)
    ):
        raise ValueError(
            "filters can be drawn of a Conv2D on images of one channel, or of a Dense on flat "
            f"images, but got {layer!r}"
        )
    kernels = _images(np.moveaxis(weights, -1, 0), "the kernels")[: _count(n, "n")]
    columns = math.ceil(math.sqrt(len(kernels)))
    missing = -len(kernels) % columns
    most = float(np.abs(kernels).max())
    padded = np.pad(kernels, [(0, missing), (0, 0), (0, 0)], constant_values=np.nan)
    ax = ax or _new_axes((6.4, 6.4 * len(padded) / columns**2 + 0.4))
    image = ax.imshow(
        tile(padded, columns, gap=1, fill=np.nan),
        cmap="RdBu_r",
        vmin=-most,
        vmax=most,
        interpolation="nearest",
    )
    ax.figure.colorbar(image, ax=ax, shrink=0.8)
    ax.set(xticks=[], yticks=[], title=f"{len(kernels)} kernels of the first layer")
    ax.spines[:].set_visible(False)
    return ax


def tile(images: np.ndarray, columns: int, gap: int = 0, fill: float = 0.0) -> np.ndarray:
    """Images (n, h, w) or (n, h, w, 3) side by side as one, row by row; n fills whole rows.

    Between two images are `gap` pixels of the value `fill`.

    Examples
    --------
    >>> tile(np.arange(8).reshape(4, 1, 2), columns=2)
    array([[0, 1, 2, 3],
           [4, 5, 6, 7]])
    """
    margins = [(0, 0), (0, gap), (0, gap), (0, 0)][: images.ndim]
    padded = np.pad(images, margins, constant_values=fill)
    _, height, width, *colour = padded.shape
    grid = padded.reshape(-1, columns, height, width, *colour).swapaxes(1, 2)
    whole = grid.reshape(-1, columns * width, *colour)
    return whole[: len(whole) - gap, : columns * width - gap]


def _new_axes(size: tuple[float, float]) -> Axes:
    return plt.subplots(figsize=size, layout="constrained")[1]


def _count(n: int, name: str, least: int = 1) -> int:
    if not isinstance(n, int | np.integer) or n < least:
        raise ValueError(f"{name} must be an integer of at least {least}, but it is {n!r}")
    return int(n)


def _images(data: ArrayLike, name: str) -> np.ndarray:
    """(n, h, w), or (n, h, w, 3) with colours, from the rows of flat or image data."""
    array = np.asarray(data)
    if array.ndim == 2 and (side := math.isqrt(array.shape[1])) ** 2 == array.shape[1]:
        return array.reshape(-1, side, side)
    if array.ndim == 4 and array.shape[3] == 1:
        return array[..., 0]
    if array.ndim == 4 and array.shape[3] == 3:
        return array
    raise ValueError(
        f"{name} must be square images of shape (n, height · width), or images of shape "
        f"(n, height, width, 1 or 3), but its shape is {array.shape}"
    )


def _limits(images: np.ndarray) -> tuple[float, float]:
    """What is black and what is white: 0 and 1, or beyond where more than single pixels are."""
    low, high = np.percentile(images, [1, 99])
    return min(0.0, float(low)), max(1.0, float(high))


def _show(ax: Axes, image: np.ndarray, limits: tuple[float, float], **where: Any) -> None:
    low, high = limits
    if image.ndim == 3:  # matplotlib scales grey values only
        image = np.clip((image - low) / (high - low), 0, 1)
    ax.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest", **where)


def _label_index(labels: ArrayLike | None, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """The different labels in order, and for each sample the position of its own."""
    if labels is None:
        return np.array([""]), np.zeros(samples, int)
    array = np.asarray(labels)
    if array.shape != (samples,):
        raise ValueError(
            f"labels must have shape ({samples},), one a code, but its shape is {array.shape}"
        )
    names, index = np.unique(array, return_inverse=True)
    most = len(COLOURS) * len(MARKERS)
    if len(names) > most:
        raise ValueError(f"labels must hold at most {most} different values, not {len(names)}")
    return names, index


def _label_legend(ax: Axes, names: np.ndarray) -> None:
    handles = [Line2D([], [], linestyle="", label=str(name)) for name in names]
    for i, handle in enumerate(handles):
        handle.set(marker=MARKERS[i // len(COLOURS)], color=COLOURS[i % len(COLOURS)])
    columns = 1 + (len(names) - 1) // 20
    ax.legend(
        handles=handles, ncols=columns, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0
    )


def _grid_bounds(bounds: tuple | None, codes: ArrayLike | None) -> Bounds:
    if codes is not None:
        if bounds is not None:
            raise ValueError("codes and bounds both say what the grid covers: give one of them")
        low, high = np.percentile(admit(codes, "codes", (2,)), [1, 99], axis=0)
        pairs = np.stack([low, high], axis=1)
    else:
        pairs = np.asarray((-3, 3) if bounds is None else bounds, float)
        if pairs.shape == (2,):
            pairs = np.stack([pairs, pairs])
    if pairs.shape != (2, 2) or not np.all(pairs[:, 0] < pairs[:, 1]):
        raise ValueError(
            f"bounds must be (low, high), or one such pair for each axis, with low < high, but got "
            f"{pairs.tolist()}"
        )
    (left, right), (bottom, top) = pairs.tolist()
    return (left, right), (bottom, top)
