"""How training went."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from ..checks.arguments import mapping
from ..checks.arrays import numbers
from ..checks.foreign_names import hinting
from .drawing import COLOURS, axes_for

PARTS = ("loss", "reconstruction", "penalty")


@hinting
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
        If no epoch is recorded, or something else than one number for each.
    """
    mapping("history", history, "figures by epoch")
    if "loss" not in history or not np.size(history["loss"]):
        raise ValueError("history must hold the loss of one epoch at least, but it holds none")
    keys = [f"{prefix}{part}" for part in PARTS for prefix in ("", "val_")]
    figures = {key: _by_epoch(history[key], key) for key in keys if key in history}
    penalties = [figures[key] for key in ("penalty", "val_penalty") if key in figures]
    parts = PARTS if any(np.nan_to_num(values).any() for values in penalties) else PARTS[:1]
    ax = axes_for(ax, (6.4, 4))
    drawn = []
    for part, colour in zip(parts, COLOURS, strict=False):
        for key, style in ((part, "-"), (f"val_{part}", "--")):
            if key in figures:
                values = figures[key]
                drawn.append(values)
                marker = "o" if len(values) <= 20 else ""  # a single epoch makes no line
                epochs = np.arange(1, len(values) + 1)
                ax.plot(epochs, values, style, color=colour, marker=marker, ms=4, label=key)
    positive = np.concatenate(drawn)
    positive = positive[positive > 0]
    if positive.size and positive.max() > 10 * positive.min():
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # 0.2, not 2 × 10⁻¹
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="epoch", ylabel="loss", title="Training history")
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def _by_epoch(figures: Sequence[float], key: str) -> np.ndarray:
    """One number for each epoch; NaN, where there was nothing to measure, is not drawn."""
    values = numbers(figures, f"history[{key!r}]").astype(float)
    if values.ndim != 1:
        raise ValueError(
            f"history[{key!r}] must hold one number for each epoch, but its shape is {values.shape}"
        )
    return values
