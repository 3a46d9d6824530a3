"""What all plots share: where to draw, colours and markers of labels, images as arrays."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine, TightLayoutEngine
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation
from mpl_toolkits.axes_grid1 import Size, make_axes_locatable
from numpy.typing import ArrayLike

from ..checks.arguments import number, shown, whole
from ..checks.arrays import numbers
from ..checks.floating_point import finite, quiet
from ..checks.hints import hinting

# Ten colours told apart with any colour vision: M. Petroff, "Accessible color sequences for data
# visualization" (2021, arXiv:2107.02270). Every further ten labels get another marker.
COLOURS = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)
MARKERS = "o^sDv"


def axes_for(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """The given axes, or those of a new figure of this size in inches."""
    if ax is None:
        return plt.subplots(figsize=size, layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise ValueError(f"ax must be Axes of matplotlib, but got {ax!r}")
    return ax


@quiet
def squared_errors(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(x − y)² of each number, in float64."""
    return finite(np.square(np.subtract(x, y, dtype=np.float64)), "a squared error")


@quiet
def evenly(start: Any, stop: Any, n: int) -> np.ndarray:
    """n numbers from start to stop."""
    return finite(np.linspace(start, stop, n), "a number between the two ends")


def two_axes(axes: Sequence[Axes] | np.ndarray) -> np.ndarray:
    """The given axes as an array, checked to be two."""
    pair = np.asarray(axes, object)
    if pair.shape != (2,):
        raise ValueError(f"axes must be two Axes, but its shape is {pair.shape}")
    for ax in pair:
        if not isinstance(ax, Axes):
            raise ValueError(f"axes must be two Axes of matplotlib, but one is {ax!r}")
    return pair


def rescaled(model: Any, x: np.ndarray) -> np.ndarray:
    """x on the scale of the model's reconstruction, where the model says what that is."""
    return model.rescaled(x) if hasattr(model, "rescaled") else x


def scale_of(model: Any) -> tuple[float, float]:
    """(factor, offset), by which `rescaled` goes: (1, 0) where the model says nothing."""
    zero, one = np.asarray(rescaled(model, np.array([0.0, 1.0])), float).tolist()
    return one - zero, zero


@quiet
def on_scale_of(leader: Any, model: Any, made: np.ndarray) -> np.ndarray:
    """What a model made, where its scale is another than the leader's."""
    factor, offset = scale_of(model)
    if (factor, offset) == scale_of(leader):
        return made
    return np.asarray(rescaled(leader, (made - offset) / factor))


@quiet
def as_images(data: ArrayLike, name: str) -> np.ndarray:
    """(n, h, w), or (n, h, w, 3) with colours, floats, from the rows of flat or image data."""
    array = np.asarray(data)
    single = array.dtype == np.float32
    array = array.astype(np.float32 if single else np.float64, copy=False)
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


@quiet
def grey_limits(images: np.ndarray) -> tuple[float, float]:
    """What is black and what is white: 0 and 1, or beyond where more than single pixels are."""
    low, high = np.percentile(images, [1, 99])
    return min(0.0, float(low)), max(1.0, float(high))


@quiet
def unit_range(images: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Values between the limits as values from 0 to 1, those beyond clipped."""
    low, high = limits
    return np.clip((images - low) / (high - low), 0, 1)


@quiet
def show(ax: Axes, image: np.ndarray, limits: tuple[float, float], **where: Any) -> None:
    """Draw one image, grey values or colours, with the limits for black and for white."""
    low, high = limits
    if image.ndim == 3:  # matplotlib scales grey values only
        image = unit_range(image, limits)
    ax.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest", **where)


@hinting
def tile(images: np.ndarray, columns: int, gap: int = 0, fill: float = 0.0) -> np.ndarray:
    """Put images side by side as one, row by row.

    Parameters
    ----------
    images : ndarray, shape (n, h, w) or (n, h, w, 3)
        So many that they fill whole rows.
    columns : int
        Images in a row.
    gap : int, default 0
        Pixels between two images.
    fill : float, default 0
        Their value.

    Returns
    -------
    ndarray, shape (height, width) or (height, width, 3)
        One image.

    See Also
    --------
    samples : Draws such a grid.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> tae.plot.tile(np.arange(8).reshape(4, 1, 2), columns=2)
    array([[0, 1, 2, 3],
           [4, 5, 6, 7]])
    """
    images, columns = numbers(images, "images"), whole("columns", columns)
    gap, fill = whole("gap", gap, least=0), number("fill", fill)
    if images.ndim not in (3, 4) or len(images) % columns or images.size == 0:
        raise ValueError(
            f"images must be n of shape (n, height, width) or (n, height, width, 3) that fill rows "
            f"of {columns}, but their shape is {images.shape}"
        )
    margins = [(0, 0), (0, gap), (0, gap), (0, 0)][: images.ndim]
    padded = np.pad(images, margins, constant_values=fill)
    _, height, width, *colour = padded.shape
    grid = padded.reshape(-1, columns, height, width, *colour).swapaxes(1, 2)
    full = grid.reshape(-1, columns * width, *colour)
    return full[: len(full) - gap, : columns * width - gap]


def label_index(labels: ArrayLike | None, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """The different labels in order, and for each sample the position of its own."""
    if labels is None:
        return np.array([""]), np.zeros(samples, int)
    if isinstance(labels, str | os.PathLike):  # the name of a file, which comes after them
        raise ValueError(f"labels must be numbers or words, one a code, but got {shown(labels)}")
    try:
        array = np.asarray(labels)
    except ValueError:
        raise ValueError(
            "labels must be numbers or words, one a code, but got lists of unlike lengths"
        ) from None
    if array.shape != (samples,):
        raise ValueError(
            f"labels must have shape ({samples},), one a code, but its shape is {array.shape}"
        )
    try:
        names, index = np.unique(array, return_inverse=True)
    except TypeError:
        kinds = sorted({type(label).__name__ for label in array})
        found = "None among them" if "NoneType" in kinds else f"both: {', '.join(kinds)}"
        raise ValueError(f"labels must be numbers or words, one a code, but got {found}") from None
    most = len(COLOURS) * len(MARKERS)
    if len(names) > most:
        raise ValueError(f"labels must hold at most {most} different values, not {len(names)}")
    return names, index


def label_legend(
    ax: Axes, names: np.ndarray, gap: float = 0.0, room: tuple[float, float] | None = None
) -> Legend:
    """A legend `gap` inches to the right of the axes, in as many columns as it needs.

    In a figure that does not lay itself out nothing makes room for it there: then it is within the
    axes. They are as large as `room`, in pixels, if that is given.
    """
    handles = [Line2D([], [], linestyle="", label=str(name)) for name in names]
    for i, handle in enumerate(handles):
        handle.set(marker=MARKERS[i // len(COLOURS)], color=COLOURS[i % len(COLOURS)])
    return legend_beside(ax, len(names), gap, room, handles=handles)


def legend_beside(
    ax: Axes,
    count: int,
    gap: float = 0.0,
    room: tuple[float, float] | None = None,
    **entries: Any,
) -> Legend:
    """The same for `count` entries, those of what is drawn."""
    if not lays_itself_out(ax):
        return legend_within(ax, room, range(1, 2 + min(4, count // 4)), **entries)
    place: dict[str, Any] = {
        "loc": "upper left",
        "bbox_to_anchor": (1.01, 1),
        "bbox_transform": ax.transAxes + ScaledTranslation(gap, 0, ax.figure.dpi_scale_trans),
        "borderaxespad": 0,
    }
    width, height = ax.get_window_extent().size if room is None else room
    columns = [1 + (count - 1) // 20]
    return _fitted_legend(ax, (0.6 * width, height), columns, **entries, **place)


def legend_within(
    ax: Axes,
    room: tuple[float, float] | None = None,
    columns: Sequence[int] = (1,),
    **entries: Any,
) -> Legend:
    """A legend where it hides least, so small that it takes half of the axes' height at most."""
    width, height = ax.get_window_extent().size if room is None else room
    return _fitted_legend(ax, (0.85 * width, 0.5 * height), columns, loc="best", **entries)


def _fitted_legend(
    ax: Axes, most: tuple[float, float], columns: Sequence[int], loc: Any, **how: Any
) -> Legend:
    """A legend of at most so many pixels, of those numbers of columns that leave it largest."""
    share = {}
    for count in columns:
        legend = ax.legend(ncols=count, loc="upper left", **how)  # the best is yet to be looked for
        box = legend.get_window_extent()
        share[count] = min(1.0, most[0] / box.width, most[1] / box.height)
    best = max(columns, key=share.__getitem__)
    size = share[best] * legend.prop.get_size_in_points()
    return ax.legend(ncols=best, loc=loc, fontsize=size, markerscale=share[best], **how)


def colour_bar(ax: Axes, colours: Any, label: str = "") -> None:
    """What the colours mean, to the right of a picture.

    In a figure that does not lay itself out the picture becomes smaller, so that the bar and its
    numbers stay in its own room, which has none for the label.
    """
    if lays_itself_out(ax):
        ax.figure.colorbar(colours, ax=ax, shrink=0.8, aspect=15, pad=0.02).set_label(label)
        return
    room = make_axes_locatable(ax)
    bar = ax.figure.colorbar(colours, cax=room.append_axes("right", "5%", 0.05))
    bar.ax.tick_params(labelsize="x-small")
    drawn = bar.ax.get_tightbbox()
    if drawn is not None:
        beyond = drawn.width - bar.ax.get_window_extent().width
        room.append_size("right", Size.Fixed(beyond / ax.figure.dpi))


def label_rows(ax: Axes, middles: np.ndarray, labels: Sequence[str]) -> None:
    """Name the rows of a picture to its left.

    In a figure that does not lay itself out the names are so small that they reach no neighbour,
    from which a fifth of the axes' width is free, unless that was changed.
    """
    ax.set_yticks(middles, labels)
    names = ax.get_yticklabels()  # none where the axes share those of others
    if names and not lays_itself_out(ax):
        widest = max(1.0, *(name.get_window_extent().width for name in names))
        share = min(1.0, 0.19 * ax.get_window_extent().width / widest)
        ax.tick_params("y", labelsize=share * float(names[0].get_fontsize()), pad=1)


def lays_itself_out(ax: Axes) -> bool:
    """Whether the figure makes room for what stands beside its axes."""
    engine = ax.figure.get_layout_engine()
    return isinstance(engine, ConstrainedLayoutEngine | TightLayoutEngine)


def set_title(ax: Axes, own: str, title: str | None, **how: Any) -> None:
    """The given title, or a plot's own, as small as it must be to stay clear of a neighbour's."""
    ax.set_title(own if title is None else title, **how)
    width = ax.title.get_window_extent().width
    if title is None and width > 0:
        share = min(1.0, ax.get_window_extent().width / width)
        ax.title.set_fontsize(share * float(ax.title.get_fontsize()))


def two_titles(title: str | Sequence[str | None] | None) -> tuple[str | None, str | None]:
    """A title for each of two axes: one that is given stands for both."""
    both = tuple(title) if isinstance(title, tuple | list) else (title, title)
    if len(both) != 2 or not all(each is None or isinstance(each, str) for each in both):
        raise ValueError(
            f"title must be one title, or one for each of two axes, but got {shown(title)}"
        )
    return both


def log_scale(ax: Axes, low: float, high: float) -> None:
    """A logarithmic y axis, with figures such as 0.2, not 2 × 10⁻¹, where there is room."""
    ax.set_yscale("log")
    if high < 1e4 * low:
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())


def count_across(ax: Axes) -> None:
    """Whole numbers below the axes, in steps of 1, 2, 5, 10 and so on."""
    steps = MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
    ax.xaxis.set_major_locator(steps)


def equal_aspect(ax: Axes) -> None:
    """One unit is as long across as it is up."""
    shared = (ax.get_shared_x_axes(), ax.get_shared_y_axes())
    # limits that others share on both axes cannot be widened: then the axes become smaller
    both = all(len(group.get_siblings(ax)) > 1 for group in shared)
    ax.set_aspect("equal", adjustable="box" if both else "datalim")


def scatter(ax: Axes, points: np.ndarray, index: np.ndarray) -> None:
    """Draw points (n, 2) in the colours and markers of their labels' positions `index` (n,)."""
    colour, group = np.array(COLOURS)[index % len(COLOURS)], index // len(COLOURS)
    size = np.clip(4e4 / len(points), 4, 30)
    for marker in np.unique(group):
        # Ten labels in one go: drawn one after another, the last would cover the first.
        of = group == marker
        ax.scatter(
            points[of, 0], points[of, 1], size, colour[of], marker=MARKERS[marker], linewidths=0
        )
