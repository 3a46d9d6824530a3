"""How training went."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from ..checks.arguments import mapping, optional_text
from ..checks.arrays import numbers
from ..checks.floating_point import quiet
from ..checks.hints import hinting
from .drawing import COLOURS, axes_for, legend_within, set_title

PARTS = ("loss", "reconstruction", "penalty")


@hinting
@quiet
def history(
    history: Mapping[str, Sequence[float]], *, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """The loss by epoch, counted from 1; dashed on the validation data.

    Parameters
    ----------
    history : mapping of str to sequence of float
        What `fit` returns: ``loss``, and where there are any ``val_loss``, ``reconstruction``,
        ``penalty`` and so on. The parts of the loss are drawn where a penalty is not zero.
    title : str, optional
        Instead of its own; "" for none.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    Raises
    ------
    ValueError
        If no epoch is recorded, or something else than one number for each.
    """
    optional_text("title", title)
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
                # with a small penalty the loss lies upon the reconstruction, which is wider
                width, above, alpha = (5, 2, 0.5) if part == "reconstruction" else (1.5, 3, 1)
                (line,) = ax.plot(epochs, values, style, color=colour, label=key)
                line.set(lw=width, zorder=above, alpha=alpha, marker=marker, ms=width + 2)
    positive = np.concatenate(drawn)
    positive = positive[positive > 0]
    if positive.size and positive.max() > 10 * positive.min():
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # 0.2, not 2 × 10⁻¹
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    ax.set(xlabel="epoch", ylabel="loss")
    ax.grid(alpha=0.3)
    set_title(ax, "Training history", title)
    legend_within(ax)
    return ax


def _by_epoch(figures: Sequence[float], key: str) -> np.ndarray:
    """One number for each epoch; NaN, where there was nothing to measure, is not drawn."""
    values = numbers(figures, f"history[{key!r}]").astype(float)
    if values.ndim != 1:
        raise ValueError(
            f"history[{key!r}] must hold one number for each epoch, but its shape is {values.shape}"
        )
    return values
