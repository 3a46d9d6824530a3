"""Training as a film: codes, or the decoded curve, epoch by epoch."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import animation
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ..checks.arguments import file_path, optional_text, shown, whole
from ..checks.arrays import admit
from ..checks.floating_point import quiet
from ..checks.hints import hinting
from ..checks.places import check_place
from .directions import directions_of
from .drawing import COLOURS, evenly, label_index, label_legend, rescaled, scatter, set_title
from .training import history as draw_history

MOST_POINTS = 2_000  # that are filmed
CURVE = 300  # codes that are decoded for the curve
SIZE, DPI = (9.6, 4.4), 100
LAST_SECONDS = 2  # how long the last picture stays
MOST_A_SECOND = 100  # pictures

Picture = Callable[[int], None]


@hinting
def training_film(
    model: Any,
    x: ArrayLike,
    labels: ArrayLike | None = None,
    path: str | os.PathLike[str] = "training.gif",
    *,
    epochs: int = 20,
    batch_size: int = 32,
    steps_per_epoch: int | None = None,
    verbose: int | str = "auto",
    fps: int = 10,
    title: str | None = None,
) -> Path:
    """Train a model and film it: before training, and after each epoch.

    Beside the loss stand the codes of `x`, those of more than two numbers along the two principal
    directions of the last; or for points of two numbers and codes of one, the points and the curve
    that the codes decode to.

    Parameters
    ----------
    model : Autoencoder
        It is trained by its `fit`, and stays trained.
    x : array-like, shape (n, *input_shape)
        Of more than 2,000 samples so many are filmed.
    labels : array-like, shape (n,), optional
        As in `latent`.
    path : str or Path
        Where to write the film: .gif, or .mp4 where ffmpeg is installed.
    epochs, batch_size, steps_per_epoch, verbose : optional
        As in `fit`: with few steps to an epoch one sees how training begins.
    fps : int
        Pictures, and so epochs, a second; at most 100, since GIF counts hundredths.
    title : str, optional
        Above the film.

    Returns
    -------
    Path
        Of the film.

    Raises
    ------
    ValueError
        If an argument is not as described, or .mp4 is asked for without ffmpeg.

    See Also
    --------
    history : The loss, without the codes.

    Examples
    --------
    A curve that bends until it is a sine::

        ae = tae.models.deep((2, 64, 64, 1), "elu", optimizer=tae.Adam(0.003))
        tae.plot.training_film(ae, tae.datasets.sine_curve(1000), path="sine.gif", epochs=50)
    """
    target, fps = _film_path(path), whole("fps", fps, most=MOST_A_SECOND)
    optional_text("title", title)
    epochs = whole("epochs", epochs)
    if isinstance(model, type) or not hasattr(model, "history"):
        raise ValueError(f"model must be an Autoencoder, but got {shown(model)}")
    array = admit(x, "x")
    names, index = label_index(labels, len(array))
    rows = np.linspace(0, len(array) - 1, min(MOST_POINTS, len(array))).astype(int)
    recorder = Recorder(array[rows])
    first = len(model.history.get("loss", ()))
    how: dict[str, Any] = {"steps_per_epoch": steps_per_epoch, "verbose": verbose}
    model.fit(array, epochs=epochs, batch_size=batch_size, callbacks=[recorder], **how)
    losses = {name: figures[first:] for name, figures in model.history.items()}
    figure, (left, right) = plt.subplots(1, 2, figsize=SIZE, layout="constrained")
    try:
        if title:
            figure.suptitle(title)
        if recorder.curves:
            turn = _film_of_curve(left, rescaled(model, recorder.x), recorder.curves)
        else:
            turn = _film_of_codes(left, recorder.codes, index[rows])
            if labels is not None:
                label_legend(left, names)
        mark = _film_of_losses(right, losses)
        writer = (animation.PillowWriter if _is_gif(target) else animation.FFMpegWriter)(fps=fps)
        pictures = len(recorder.codes)
        still = [pictures - 1] * LAST_SECONDS * fps
        with writer.saving(figure, os.fspath(target), DPI):
            for i in [*range(pictures), *still]:
                turn(i)
                mark(i)
                set_title(left, f"Epoch {first + i}" if i else "Before training", None)
                writer.grab_frame()
    finally:
        plt.close(figure)
    return target


def _is_gif(path: Path) -> bool:
    return path.suffix.lower() == ".gif"


def _film_path(path: Any) -> Path:
    found = Path(file_path("path", path))
    if not _is_gif(found) and found.suffix.lower() != ".mp4":
        raise ValueError(f"path must end in .gif or .mp4, but got {os.fspath(path)!r}")
    check_place(found)
    if not _is_gif(found) and not animation.FFMpegWriter.isAvailable():
        raise ValueError(f"path {found.name} needs ffmpeg, which is not installed; .gif does not")
    return found


class Recorder:
    """A callback that keeps the codes of `x`, and where there is one the curve they decode to."""

    def __init__(self, x: np.ndarray):
        self.x = x
        self.codes: list[np.ndarray] = []
        self.curves: list[np.ndarray] = []

    def set_model(self, model: Any) -> None:
        """Before the first epoch."""
        self.model = model
        self(0, {})

    def __call__(self, epoch: int, logs: Any) -> None:
        codes = np.array(self.model.encode(self.x)).reshape(len(self.x), -1)
        self.codes.append(codes)
        if self.x.shape[1:] == (2,) and codes.shape[1] == 1:
            along = evenly(codes.min(), codes.max(), CURVE)[:, np.newaxis]
            self.curves.append(np.array(self.model.decode(along)))


@quiet
def _limits(ax: Axes, points: np.ndarray) -> None:
    """Room for most of the points of all pictures."""
    low, high = np.percentile(points, [0.1, 99.9], axis=0)
    margin = 0.08 * (high - low)
    margin[high == low] = 0.5
    (left, bottom), (right, top) = low - margin, high + margin
    ax.set(xlim=(left, right), ylim=(bottom, top))


def _film_of_codes(ax: Axes, codes: list[np.ndarray], index: np.ndarray) -> Picture:
    if codes[0].shape[1] > 2:
        way = directions_of(codes[-1].astype(float))[0]
        codes = [(each - way.origin) @ way.directions[:2].T for each in codes]
        names = way.names[:2]
    elif codes[0].shape[1] == 2:
        names = ["code 0", "code 1"]
    else:
        height = index + np.random.default_rng(0).uniform(-0.35, 0.35, len(index))
        codes = [np.column_stack([each, height]) for each in codes]
        names = ["code", ""]
        ax.set_yticks([])
    scatter(ax, codes[0], index)
    _limits(ax, np.concatenate(codes))
    ax.set(xlabel=names[0], ylabel=names[1])
    groups = [index // len(COLOURS) == group for group in np.unique(index // len(COLOURS))]

    def turn(i: int) -> None:
        for points, group in zip(ax.collections, groups, strict=True):
            points.set_offsets(codes[i][group])

    return turn


def _film_of_curve(ax: Axes, x: np.ndarray, curves: list[Any]) -> Picture:
    size = np.clip(4e4 / len(x), 4, 30)
    ax.scatter(x[:, 0], x[:, 1], size, "#94a4a2", alpha=0.6, linewidths=0)
    (line,) = ax.plot(*curves[0].T, color=COLOURS[2], lw=2)
    _limits(ax, np.asarray(x, float))
    ax.set(xlabel="x[:, 0]", ylabel="x[:, 1]", aspect="equal")
    return lambda i: line.set_data(*curves[i].T)


def _film_of_losses(ax: Axes, losses: dict[str, list[float]]) -> Picture:
    """The losses of all epochs, and a line at the one that is shown."""
    draw_history(losses, ax=ax)
    now = ax.axvline(0, color="black", lw=1.2)
    ax.set_xlim(0, len(losses["loss"]) + 0.5)
    return lambda i: now.set_xdata([i, i])
