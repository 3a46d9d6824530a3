"""What is to blame for the score of an anomaly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from ..checks.arguments import listed, optional_text, shown, whole
from ..checks.floating_point import quiet
from ..checks.hints import hinting
from .drawing import COLOURS, as_images, axes_for, colour_bar, grey_limits, set_title, unit_range
from .pictures import coloured, rows_of_images


@hinting
@quiet
def blame(
    explanation: Any,
    *,
    sample: int = 0,
    n: int = 10,
    names: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The features that are most to blame for one sample's score; of a sequence, when.

    Of a sequence (steps, channels) the channels are drawn, and behind them in grey the blame of
    each step.

    Parameters
    ----------
    explanation : Explanation
        What `AnomalyDetector.explain` gave.
    sample : int
        Which of its samples.
    n : int
        How many features; all of them where there are fewer.
    names : list of str, optional
        The features', or the channels'. Default: their places.
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
    blame_map : The same for images.
    tinyae.AnomalyDetector : Explains scores.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).normal(size=(100, 4)) * [5.0, 1.0, 0.1, 0.1]
    >>> detector = tae.AnomalyDetector(tae.PCA(2).fit(x)).fit(x)
    >>> explanation = detector.explain([[5.0, 1.0, 0.1, 3.0]])
    >>> ax = tae.plot.blame(explanation, names=["a", "b", "c", "d"])
    >>> [label.get_text() for label in ax.get_yticklabels()][0]
    'd'
    """
    optional_text("title", title)
    check_explanation(explanation)
    sample = whole("sample", sample, 0, len(explanation.x) - 1)
    n, shape = whole("n", n), explanation.blame.shape[1:]
    sequence = len(shape) == 2
    features = shape[1] if sequence else int(np.prod(shape))
    labels = [str(place) for place in range(features)]
    if names is not None:
        labels = [str(each) for each in listed("names", names, "names")]
        if len(labels) != features:
            raise ValueError(f"names must be {features}, one for each, but are {len(labels)}")
    elif len(shape) > 2:
        labels = [str(tuple(map(int, place))) for place in np.ndindex(shape)]
    ax = axes_for(ax, (6.4, 3.2 if sequence else 1.2 + 0.3 * min(n, features)))
    if sequence:
        _draw_sequence(explanation.x[sample], explanation.blame[sample], labels, ax)
    else:
        places = explanation.ranking[sample, :n]
        values = explanation.blame[sample].reshape(-1)[places]
        ax.barh(range(len(places)), values, color=COLOURS[0])
        ax.set_yticks(range(len(places)), [labels[place] for place in places])
        ax.invert_yaxis()
        ax.axvline(0, color="black", lw=0.8)
        ax.set_xlabel("error above the usual")
    score, threshold = explanation.scores[sample], explanation.threshold
    told = "an anomaly" if score > threshold else "ordinary"
    set_title(ax, f"Score {score:.3g}, threshold {threshold:.3g}: {told}", title)
    return ax


def _draw_sequence(x: np.ndarray, blame: np.ndarray, labels: Sequence[str], ax: Axes) -> None:
    by_step = blame.sum(axis=1)
    steps = np.arange(len(x))
    for channel, label in enumerate(labels):
        ax.plot(steps, x[:, channel], color=COLOURS[channel % 10], lw=1.2, label=label)
    ax.margins(x=0)
    behind = ax.twinx()
    behind.fill_between(steps, 0, np.maximum(by_step, 0), step="mid", color=COLOURS[3], alpha=0.6)
    behind.set_ylabel("error above the usual")
    behind.set_ylim(0, None)
    ax.set_zorder(behind.get_zorder() + 1)
    ax.patch.set_visible(False)
    ax.set_xlabel("step")
    if len(labels) > 1:
        ax.legend()


@hinting
@quiet
def blame_map(
    explanation: Any, *, n: int = 8, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """The first `n` images, and below each which of its pixels are to blame for its score.

    Below each column stands its score, in bold where it is above the threshold.

    Parameters
    ----------
    explanation : Explanation
        What `AnomalyDetector.explain` gave of images, square ones of shape (n, height · width) or
        (n, height, width, 1 or 3).
    n : int
        How many; all of them where there are fewer.
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
    blame : The same for features.
    tinyae.AnomalyDetector : Explains scores.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> x = np.random.default_rng(0).normal(size=(100, 4)) * [5.0, 1.0, 0.1, 0.1]
    >>> detector = tae.AnomalyDetector(tae.PCA(2).fit(x)).fit(x)
    >>> explanation = detector.explain([[5.0, 1.0, 0.1, 3.0]])
    >>> ax = tae.plot.blame_map(explanation)  # of an image of 2 × 2 pixels
    """
    optional_text("title", title)
    check_explanation(explanation)
    n = whole("n", n)
    images = as_images(explanation.x[:n], "the explained samples")
    heat = as_images(explanation.blame[:n], "the blame")
    heat = heat.mean(axis=3) if heat.ndim == 4 else heat
    most = float(np.abs(heat).max()) or 1.0
    scale = ScalarMappable(Normalize(-most, most), "RdBu_r")
    rows = [coloured(unit_range(images, grey_limits(images)))]
    rows.append(np.asarray(scale.cmap(np.asarray(scale.norm(heat))))[..., :3])
    ax = rows_of_images(rows, ["input", "blame"], ax)
    width, scores = images.shape[2], explanation.scores[:n]
    centres = (width - 1) / 2 + (width + 1) * np.arange(len(images))
    ax.set_xticks(centres, [f"{score:.2g}" for score in scores])
    for label, score in zip(ax.get_xticklabels(), scores, strict=True):
        label.set_fontweight("bold" if score > explanation.threshold else "normal")
    ax.set_xlabel(f"score; above {explanation.threshold:.3g} in bold")
    colour_bar(ax, scale, "error above the usual")
    set_title(ax, "Which pixels are to blame", title)
    return ax


def check_explanation(given: Any) -> None:
    """Refuse what `AnomalyDetector.explain` did not give."""
    if not all(hasattr(given, name) for name in ("x", "blame", "scores", "ranking", "threshold")):
        raise ValueError(
            f"explanation must be what AnomalyDetector.explain gives, but got {shown(given)}"
        )
