"""How training went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..checks.arguments import listed, mapping, optional_text, shown
from ..checks.arrays import numbers
from ..checks.floating_point import quiet
from ..checks.hints import hinting
from .drawing import (
    COLOURS,
    MARKERS,
    axes_for,
    count_across,
    lays_itself_out,
    legend_beside,
    legend_within,
    log_scale,
    set_title,
)

PARTS, KL_COLOUR = ("loss", "reconstruction", "penalty"), COLOURS[4]


@hinting
@quiet
def history(
    history: Mapping[str, Sequence[float]], *, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """The loss by epoch, counted from 1; dashed on the validation data.

    Of a variational model also the ``kl``, in nats, on an axis of its own to the right.

    Parameters
    ----------
    history : mapping of str to sequence of float
        What `fit` returns: ``loss``, and where there are any ``val_loss``, ``reconstruction``,
        ``penalty`` and so on. The parts of the loss are drawn where a penalty is not zero.
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
        If no epoch is recorded, or something else than one number for each.

    See Also
    --------
    tinyae.History : What is drawn.
    training_film : The codes beside it, as they move.

    Examples
    --------
    >>> import tinyae as tae
    >>> ax = tae.plot.history({"loss": [3.0, 2.0, 1.5], "val_loss": [3.1, 2.2, 2.0]})
    >>> ax.get_xlabel()
    'epoch'
    """
    optional_text("title", title)
    mapping("history", history, "figures by epoch")
    if "loss" not in history or not np.size(history["loss"]):
        raise ValueError("history must hold the loss of one epoch at least, but it holds none")
    keys = [f"{prefix}{part}" for part in (*PARTS, "kl") for prefix in ("", "val_")]
    figures = {key: _by_epoch(history[key], key) for key in keys if key in history}
    penalties = [figures[key] for key in ("penalty", "val_penalty") if key in figures]
    parts = PARTS if any(np.nan_to_num(values).any() for values in penalties) else PARTS[:1]
    ax = axes_for(ax, (6.4, 4))
    lines = _lines(ax, figures, parts, COLOURS)
    if "kl" in figures or "val_kl" in figures:
        for line in _lines(_beside(ax), figures, ("kl",), (KL_COLOUR,)):
            line.set_label(f"{line.get_label()}, nats (right)")
            lines.append(line)
    count_across(ax)
    ax.set(xlabel="epoch", ylabel="loss")
    ax.grid(alpha=0.3)
    set_title(ax, "Training history", title)
    legend_within(ax, handles=lines)
    return ax


def _beside(ax: Axes) -> Axes:
    """Axes for the KL in the same place, behind these, with their figures to the right."""
    other = ax.twinx()
    other.set_zorder(ax.get_zorder() - 1)
    ax.patch.set_visible(False)
    other.tick_params("y", colors=KL_COLOUR)
    if lays_itself_out(ax):
        other.set_ylabel("KL, nats", color=KL_COLOUR)
    else:  # nothing makes room for them there
        other.tick_params("y", direction="in", pad=-4)
        plt.setp(other.get_yticklabels(), ha="right")
    return other


def _lines(
    ax: Axes, figures: Mapping[str, np.ndarray], parts: Sequence[str], colours: Sequence[str]
) -> list[Line2D]:
    """The parts that there are, drawn; dashed on the validation data."""
    lines, drawn = [], []
    for part, colour in zip(parts, colours, strict=False):
        for key, style in ((part, "-"), (f"val_{part}", "--")):
            if key in figures:
                values = figures[key]
                drawn.append(values)
                marker = "o" if len(values) <= 20 else ""  # a single epoch makes no line
                epochs = np.arange(1, len(values) + 1)
                # with a small penalty the loss lies upon the reconstruction, which is wider
                width, above, alpha = (5, 2, 0.5) if part == "reconstruction" else (1.5, 3, 1)
                (line,) = ax.plot(epochs, values, style, color=colour, label=key)
                line.set(lw=width, zorder=above, alpha=alpha, marker=marker, ms=width + 2)
                lines.append(line)
    positive = np.concatenate(drawn)
    positive = positive[positive > 0]
    if positive.size and positive.max() > 10 * positive.min():
        log_scale(ax, positive.min(), positive.max())
    return lines


@hinting
@quiet
def gradient_norms(
    traces: Sequence[Any], *, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """The norm of the gradient that reached each layer, trace by trace: whether it vanishes.

    From dark to light stand the layers that have weights, or all if none has, the encoder's first.
    In the grey area less than a thousandth of the gradient at the model's output is left.

    Parameters
    ----------
    traces : sequence of Trace
        Of one model, one for each epoch for example: with ``traces = []``, the callback
        ``lambda epoch, logs: traces.append(tae.trace(ae, x[:100]))`` collects them.
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
        If there is none, or they are of different models.

    See Also
    --------
    tinyae.trace : Gives the norms.
    history : The losses.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> ae = tae.models.deep((8, 4, 2), "tanh")
    >>> x = np.random.default_rng(0).random((20, 8))
    >>> ax = tae.plot.gradient_norms([tae.trace(ae, x)])
    >>> ax.get_yscale()
    'log'
    """
    optional_text("title", title)
    found = listed("traces", traces, "traces")
    if not found or not all(hasattr(trace, "rows") for trace in found):
        raise ValueError(f"traces must hold what tae.trace gives, but got {shown(traces)}")
    names = [row.name for row in found[0].rows]
    if any([row.name for row in trace.rows] != names for trace in found):
        raise ValueError("traces must be of one model, but their layers differ")
    norms = np.array([[row.gradient_norm for row in trace.rows] for trace in found], float)
    rows = found[0].rows
    weighted = [i for i, row in enumerate(rows) if row.weight_gradient_norm is not None]
    weighted = weighted or [*range(len(rows))]
    ax = axes_for(ax, (7.4, 4))
    places = np.arange(1, len(norms) + 1)
    drawn = np.where(norms > 0, norms, np.nan)  # on a scale that has no zero
    for place, i in enumerate(weighted):
        colour = colormaps["viridis"](0.9 * place / max(1, len(weighted) - 1))
        marker = MARKERS[place % len(MARKERS)] if len(places) <= 20 else ""
        ax.plot(places, drawn[:, i], color=colour, marker=marker, ms=5, lw=1.8, label=names[i])
    seen = drawn[:, weighted][np.isfinite(drawn[:, weighted])]
    if seen.size:
        log_scale(ax, seen.min(), seen.max())
        ax.set_ylim(seen.min() / 3, seen.max() * 3)
        ax.fill_between(places, 0, drawn[:, -1] / 1000, color="0.5", alpha=0.25, lw=0)
    count_across(ax)
    ax.set(xlabel="trace", ylabel="norm of the gradient |dy|")
    ax.grid(alpha=0.3)
    set_title(ax, "Gradients by layer", title)
    legend_beside(ax, len(weighted))
    return ax


def _by_epoch(figures: Sequence[float], key: str) -> np.ndarray:
    """One number for each epoch; NaN, where there was nothing to measure, is not drawn."""
    values = numbers(figures, f"history[{key!r}]").astype(float)
    if values.ndim != 1:
        raise ValueError(
            f"history[{key!r}] must hold one number for each epoch, but its shape is {values.shape}"
        )
    return values
