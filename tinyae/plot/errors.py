"""Errors of reconstruction: as scores of anomalies, and against those of PCA by size of code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, ScalarFormatter
from numpy.typing import ArrayLike

from ..checks.arguments import not_negative, number, optional_text, shown, whole
from ..checks.arrays import admit_one
from ..checks.floating_point import finite, quiet
from ..checks.hints import hinting
from ..checks.tables import percent
from .drawing import (
    COLOURS,
    axes_for,
    count_across,
    label_index,
    legend_within,
    log_scale,
    set_title,
)
from .variance import shares_of

STYLES = ("-", "--", "-.", ":")  # so that labels are told apart in grey, too
WIDE = 30  # scores that differ by more than this factor stand on a logarithmic scale
BINS = 40
LEAST = 1e-6  # share of the variance that is drawn


@hinting
@quiet
def scores(
    scores: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    threshold: float | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """How scores are distributed, and how many of each label's lie above a threshold.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Such as ``model.reconstruction_error(x)``. They stand on a logarithmic scale where the
        largest is more than 30 times the smallest.
    labels : array-like, shape (n,), optional
        Each has a histogram of its own, as shares of its samples, whatever their number.
    threshold : float, optional
        Drawn as a line; the legend says which share of the scores lies above it.
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
        If scores are not finite numbers, or labels do not fit.

    See Also
    --------
    tinyae.AnomalyDetector : Gives scores and a threshold.

    Examples
    --------
    >>> import tinyae as tae
    >>> ax = tae.plot.scores([1.0, 1.2, 0.9, 4.0], threshold=2.0)
    >>> len(ax.lines)
    1
    """
    optional_text("title", title)
    values = admit_one(scores, "scores").astype(float)
    if values.ndim != 1:
        raise ValueError(f"scores must have shape (n,), but its shape is {values.shape}")
    if threshold is not None:
        threshold = number("threshold", threshold)
        if not np.isfinite(threshold):
            raise ValueError(f"threshold must be finite, but got {threshold}")
    names, index = label_index(labels, len(values))
    low, high = float(values.min()), float(values.max())
    wide = low > 0 and high > WIDE * low
    margin = 0.0 if high > low else 0.5 * (abs(low) or 1.0)  # for scores that are all alike
    spaced = np.geomspace if wide else np.linspace
    edges = finite(spaced(low - margin, high + margin, BINS + 1), "the range of scores")
    ax = axes_for(ax, (6.4, 4))
    handles: list[Any] = []  # matplotlib would leave out labels that begin with "_"
    for i, name in enumerate(names):
        group = values[index == i]
        words = [] if labels is None else [str(name)]
        if threshold is not None:
            words.append(f"{percent((group > threshold).mean(), 1)} above")
        colour, style = COLOURS[i % len(COLOURS)], STYLES[i % len(STYLES)]
        counts = np.histogram(group, edges)[0] / len(group)
        ax.stairs(counts, edges, fill=True, color=colour, alpha=0.2)
        outline = ax.stairs(counts, edges, color=colour, ls=style, lw=1.6, label=": ".join(words))
        handles.append(outline)
    if threshold is not None:
        line = ax.axvline(threshold, color="black", lw=1.2, label=f"threshold {threshold:.4g}")
        handles.append(line)
    if wide:
        ax.set_xscale("log")
    ax.set(xlabel="score", ylabel="share of samples")
    ax.set_ylim(0)
    set_title(ax, "Scores", title)
    if labels is not None or threshold is not None:
        legend_within(ax, handles=handles)
    return ax


@hinting
@quiet
def spectrum(
    pca: Any,
    errors: Mapping[int, float] | None = None,
    *,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The mean squared error of PCA by size of code, beside that of autoencoders.

    With k components PCA's error on the data that it was fitted to is the sum of all other
    variances, divided by the number of features.

    Parameters
    ----------
    pca : PCA
        Fitted, with as many components as are to be drawn.
    errors : mapping of int to float, optional
        The mean squared errors of autoencoders by the size of their code: ``{2: 0.031, 8: 0.012}``.
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
        If an argument is not as described.

    See Also
    --------
    explained_variance : The variances alone.
    tinyae.compare_with_pca : One model and PCA in numbers.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).random((30, 16))
    >>> ax = tae.plot.spectrum(tae.PCA(4).fit(x), errors={2: 0.07})
    """
    optional_text("title", title)
    shares = shares_of(pca)
    sizes = _errors_by_size(errors)
    variances = np.asarray(pca.explained_variance_, float)
    total = variances[0] / shares[0] if shares[0] > 0 else 0.0
    features = pca.components_.shape[1]
    samples = pca.n_samples_seen_
    scale = (samples - 1) / samples / features  # variances have the divisor n − 1
    left = np.maximum(total - np.cumsum(variances), 0.0) * scale
    k = np.arange(1, len(variances) + 1)
    ax = axes_for(ax, (6.4, 4))
    dots = {"marker": ".", "ms": 5} if len(k) <= 30 else {}
    _positive(ax, k, left, color=COLOURS[0], lw=2, label="PCA", **dots)
    _positive(
        ax, k, variances * scale, color="0.5", ls=":", lw=1.6, label="variance of component k"
    )
    if sizes:
        at, error = np.array(sorted(sizes.items())).T
        _positive(ax, at, error, color=COLOURS[2], marker="o", ls="--", label="autoencoder")
    seen = np.concatenate([left, variances * scale, list(sizes.values())])
    if (largest := float(seen.max())) > 0:  # what is no more than rounding is out of sight
        low = max(float(seen[seen > 0].min()), LEAST * largest)
        log_scale(ax, low, largest)
        ax.set_ylim(low / 2, 2 * largest)
    if max(k[-1], *sizes, 1) > 20:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(ScalarFormatter())
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        count_across(ax)
    ax.set(xlabel="size of the code k", ylabel="mean squared error")
    ax.grid(alpha=0.3)
    set_title(ax, "Error by size of the code", title)
    legend_within(ax)
    return ax


def _errors_by_size(errors: Mapping[int, float] | None) -> dict[int, float]:
    if errors is None:
        return {}
    if not isinstance(errors, Mapping):
        raise ValueError(f"errors must map sizes of codes to errors, but got {shown(errors)}")
    return {
        whole("a size in errors", size): not_negative(f"errors[{size!r}]", error)
        for size, error in errors.items()
    }


def _positive(ax: Axes, x: np.ndarray, y: np.ndarray, **style: Any) -> None:
    """A line on a scale that has no zero."""
    ax.plot(x, np.where(y > 0, y, np.nan), **style)
