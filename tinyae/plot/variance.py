"""How much of the variance of data the components of a PCA explain."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from ..checks.arguments import optional_text, shown
from ..checks.hints import hinting
from .drawing import COLOURS, axes_for, count_across, legend_within, set_title

FEW = 30  # components whose shares are drawn as bars


def shares_of(pca: Any) -> np.ndarray:
    """Each component's share of the variance, of what must be a fitted PCA."""
    if isinstance(pca, type) or not hasattr(pca, "explained_variance_ratio_"):
        raise ValueError(f"pca must be a fitted PCA, but got {shown(pca)}")
    return np.asarray(pca.explained_variance_ratio_, float)


@hinting
def explained_variance(pca: Any, *, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Each component's share of the variance, and the share of all up to it.

    Parameters
    ----------
    pca : PCA
        Fitted, with as many components as are to be drawn.
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
    spectrum : The error beside that of autoencoders.
    tinyae.PCA : Whose shares they are.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).random((30, 16))  # as images of 4 × 4 pixels
    >>> pca = tae.PCA(2).fit(x)
    >>> tae.plot.explained_variance(pca).get_xlabel()
    'component k'
    """
    optional_text("title", title)
    shares = shares_of(pca)
    k, total = np.arange(1, len(shares) + 1), np.cumsum(shares)
    ax = axes_for(ax, (6.4, 4))
    few = len(k) <= FEW
    if few:
        ax.bar(k, shares, color=COLOURS[1], width=0.7, label="component k alone")
    else:
        ax.fill_between(k, shares, color=COLOURS[1], lw=0, label="component k alone")
    marker = "." if few else ""
    ax.plot(k, total, color=COLOURS[0], lw=2, marker=marker, label="the first k together")
    ax.set_ylim(0, 1.05)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    count_across(ax)
    ax.set(xlabel="component k", ylabel="share of the variance")
    ax.grid(alpha=0.3)
    set_title(ax, "Explained variance", title)
    legend_within(ax)
    return ax
