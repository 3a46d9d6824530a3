"""Backpropagation drawn: a small network with all the numbers of one training step."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

from ..checks.arguments import optional_text, optional_whole
from ..checks.hints import hinting
from .drawing import axes_for, set_title
from .seen_step import LayerStep, SeenStep, seen_step, short

FORWARD, BACKWARD, NEGATIVE, POSITIVE = "#1a62b8", "#a8480c", "#2166ac", "#b2182b"
RADIUS, ACROSS = 0.3, 2.6  # of units, and from layer to layer, where units are 1 apart
LABELLED = 12  # connections between two layers, of which each has its numbers
INCHES = 0.95  # that two units are apart, in a figure of its own
COLUMN = 27  # characters in a line of formulas


@hinting
def backprop(
    model: Any,
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    step: int | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One training step on one sample, drawn: values, weights and gradients, with their formulas.

    In each unit stands its value y, below it the gradient dy of the loss for it. Red connections
    have weights above zero, blue and dashed ones below; where a layer has 12 of them or fewer, each
    weight W stands at its connection, above its gradient dW, and each bias b above its unit, beside
    db. Noise and dropout do nothing.

    Parameters
    ----------
    model : Autoencoder
        With at most 16 numbers in each layer. It is not changed.
    x : array-like, shape input_shape
        One sample.
    y : array-like, shape output_shape, optional
        Its target. Default: `x`.
    step : int, optional
        Draw only what is known after so many steps, of which there are two for each layer, forward
        and back, and one for the loss between: from 0 to 2 layers + 1. Default: all.
    title : str, optional
        Instead of its own; "" for none.
    ax : Axes, optional
        Where to draw: its letters are as small as the axes are, so give it a row of its own.
        Default: a new figure.

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
    backprop_page : The same for the browser, to go through step by step.
    tinyae.trace : The norms of the same, for models of any size.

    Examples
    --------
    Of a model with codes of one number, and the same as a page::

        ae = tae.models.deep((2, 2, 1), "tanh")  # 2-2-1-2-2
        tae.plot.backprop(ae, [0.5, -1.0]).figure.savefig("backprop.png")
        tae.plot.backprop_page(ae, [0.5, -1.0], path="backprop.html")
    """
    optional_text("title", title)
    seen = seen_step(model, x, y, "backprop")
    count = len(seen.layers)
    all_steps = 2 * count + 1
    known = optional_whole("step", step, least=0, most=all_steps)
    done = all_steps if known is None else known
    columns = [seen.x, *(layer.y for layer in seen.layers), np.array([seen.reconstruction])]
    most = max(map(len, columns))
    below = 1.0 + 0.32 * max(map(_lines, seen.layers))
    size = INCHES * np.array([ACROSS * (count + 1) + 2, most + below + 0.7])
    ax = axes_for(ax, (float(size[0]), float(size[1])))
    ax.set(xlim=(-1, ACROSS * (count + 1) + 1), ylim=(-most / 2 - below, most / 2 + 0.3))
    ax.set_aspect("equal")
    ax.axis("off")
    points = 72 * ax.get_window_extent().width / ax.figure.dpi / (ACROSS * (count + 1) + 2)
    picture = Drawing(ax, seen, done, 0.155 * min(points, 70))
    for i in range(count):
        picture.connect(i)
    for i in range(count + 1):
        picture.units(i, columns[i])
    picture.loss(-most / 2)
    for i in range(count):
        picture.formulas(i, -most / 2)
    own = "Backpropagation of one sample" + f": loss {short(_loss(seen))}" * (done > count)
    set_title(ax, own, title)
    return ax


def _loss(seen: SeenStep) -> float:
    return seen.reconstruction + seen.penalty


def _lines(layer: LayerStep) -> int:
    return len(_wrapped(layer.formula.forward)) + len(_wrapped(layer.formula.backward)) + 1


def _wrapped(text: str) -> list[str]:
    return [line for part in text.split("; ") for line in textwrap.wrap(part, COLUMN)]


class Drawing:
    """The picture as far as it is known after so many steps; `size` is that of its letters."""

    def __init__(self, ax: Axes, seen: SeenStep, done: int, size: float):
        self.ax, self.seen, self.done, self.size = ax, seen, done, size
        self.count = len(seen.layers)
        self.taken: list[tuple[float, float]] = []  # places of numbers at connections

    def forward_done(self, i: int) -> bool:
        """Whether layer i, counted from 0, has computed its output."""
        return self.done > i

    def backward_done(self, i: int) -> bool:
        """Whether layer i has handed back its gradient."""
        return self.done > 2 * self.count - i

    def write(
        self, x: float, y: float, text: str, colour: str, share: float = 1.0, **how: Any
    ) -> None:
        """A text in the middle of a place."""
        size = share * self.size
        self.ax.text(x, y, text, color=colour, size=size, ha="center", va="center", **how)

    def units(self, i: int, values: np.ndarray) -> None:
        """Column i: the input, or what the layer before it gives, with its gradients."""
        known = i == 0 or self.forward_done(i - 1)
        gradients = None
        if i == self.count and self.done > self.count:
            gradients = self.seen.layers[-1].dy
        elif i < self.count and self.backward_done(i):
            gradients = self.seen.layers[i].dx if i == 0 else self.seen.layers[i - 1].dy
        for k, value in enumerate(values):
            x, y = ACROSS * i, (len(values) - 1) / 2 - k
            edge = FORWARD if known else "0.7"
            self.ax.add_patch(Circle((x, y), RADIUS, fc="white", ec=edge, lw=1.3, zorder=3))
            if known:
                self.write(x, y, short(value), "black", zorder=4)
            if gradients is not None:
                box = {"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.85}
                place = (x, y - RADIUS - 0.11)
                self.write(*place, short(gradients[k]), BACKWARD, 0.85, zorder=4, bbox=box)
        self.biases(i)

    def biases(self, i: int) -> None:
        """Above the units of column i: b, and its gradient."""
        connections = self.seen.layers[i - 1].connections if i else None
        if connections is None or connections.bias is None or connections.kernel.size > LABELLED:
            return
        assert connections.bias_gradient is not None
        box = {"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.85}
        for k, (b, db) in enumerate(zip(connections.bias, connections.bias_gradient, strict=True)):
            x, y = ACROSS * i, (len(connections.bias) - 1) / 2 - k + RADIUS + 0.11
            known = self.backward_done(i - 1)
            self.write(x - 0.24 * known, y, f"b {short(b)}", "black", 0.7, zorder=4, bbox=box)
            if known:
                self.write(x + 0.24, y, short(db), BACKWARD, 0.7, zorder=4, bbox=box)

    def connect(self, i: int) -> None:
        """From column i to the next: each unit with each, or each with its own."""
        layer = self.seen.layers[i]
        before = len(self.seen.x if i == 0 else self.seen.layers[i - 1].y)
        after = len(layer.y)
        if layer.connections is None:
            for k in range(before if before == after else 0):
                self.line(i, (before, k), (after, k), "0.6", 1.0, "-")
            return
        kernel, gradient = layer.connections.kernel, layer.connections.kernel_gradient
        largest = float(np.abs(kernel).max()) or 1.0
        for k, j in np.ndindex(kernel.shape):
            weight = float(kernel[k, j])
            colour, style = (POSITIVE, "-") if weight > 0 else (NEGATIVE, (0, (4, 2)))
            width = 0.4 + 2.2 * abs(weight) / largest
            self.line(i, (before, k), (after, j), colour, width, style)
            if kernel.size > LABELLED:
                continue
            x, y = self.free_place(i, (before - 1) / 2 - k, (after - 1) / 2 - j)
            known = self.backward_done(i)
            box = {"fc": "white", "ec": "none", "pad": 0.6, "alpha": 0.9}
            self.write(x, y + 0.09 * known, short(weight), "black", 0.8, bbox=box, zorder=2)
            if known:
                text = short(gradient[k, j])
                self.write(x, y - 0.11, text, BACKWARD, 0.8, bbox=box, zorder=2)

    def free_place(self, i: int, low: float, high: float) -> tuple[float, float]:
        """Where on a connection, from low to high, its numbers lie farthest from others'."""
        parts = np.linspace(0.24, 0.72, 13)
        places = np.column_stack([ACROSS * (i + parts), low + parts * (high - low)])
        taken = np.array(self.taken or [(-9.0, 0.0)])
        apart = np.abs(places[:, np.newaxis] - taken) / (0.5, 0.36)  # a label's width and height
        x, y = places[apart.max(axis=2).min(axis=1).clip(max=1.0).argmax()]
        self.taken.append((x, y))
        return x, y

    def line(
        self,
        i: int,
        start: tuple[int, int],
        end: tuple[int, int],
        colour: str,
        lw: float,
        style: Any,
    ) -> None:
        """From unit (of how many, which) of a column to one of the next."""
        heights = [(of - 1) / 2 - k for of, k in (start, end)]
        across = [ACROSS * i, ACROSS * (i + 1)]
        self.ax.plot(across, heights, color=colour, lw=lw, ls=style, alpha=0.75, zorder=1)

    def formulas(self, i: int, bottom: float) -> None:
        """What layer i computes, below the column of its output."""
        layer = self.seen.layers[i]
        lines = [(layer.name, "black", {"weight": "bold"})]
        forward = FORWARD if self.forward_done(i) else "0.6"
        backward = BACKWARD if self.backward_done(i) else "0.6"
        lines += [(line, forward, {}) for line in _wrapped(layer.formula.forward)]
        lines += [(line, backward, {}) for line in _wrapped(layer.formula.backward)]
        for k, (text, colour, how) in enumerate(lines):
            self.write(ACROSS * (i + 1) - 0.2, bottom - 0.8 - 0.32 * k, text, colour, 0.95, **how)
        if i == 0:
            self.write(0, bottom - 0.8, "input x", "black", 0.95, weight="bold")
            self.key(bottom - 0.8)

    def key(self, top: float) -> None:
        """What the colours of connections mean, below the input's name."""
        if any(layer.connections is not None for layer in self.seen.layers):
            self.write(0, top - 0.32, "— W above 0", POSITIVE, 0.95)
            self.write(0, top - 0.64, "- - W below 0", NEGATIVE, 0.95)

    def loss(self, bottom: float) -> None:
        """The loss, behind the last column."""
        x, known = ACROSS * (self.count + 1) - 0.4, self.done > self.count
        for k in range(len(self.seen.target)):
            y = (len(self.seen.target) - 1) / 2 - k
            self.ax.plot([ACROSS * self.count, x], [y, 0], color="0.75", lw=0.8, zorder=1)
            text = f"t = {short(self.seen.target[k])}"
            place = (ACROSS * self.count + 0.72, y + (0.2 if y >= 0 else -0.2))  # off its line
            box = {"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.85}  # on those of others
            self.write(*place, text, "0.35", 0.75, zorder=4, bbox=box)
        edge = FORWARD if known else "0.7"
        self.ax.add_patch(Circle((x, 0), 1.4 * RADIUS, fc="white", ec=edge, lw=1.8, zorder=3))
        if known:
            self.write(x, 0, short(_loss(self.seen)), "black", zorder=4)
        lines = [("loss", "black", {"weight": "bold"})]
        for text, colour in zip(self.seen.loss_formula, (FORWARD, BACKWARD), strict=True):
            lines += [(line, colour if known else "0.6", {}) for line in _wrapped(text)]
        if self.seen.penalty:
            lines.append((f"with penalty {short(self.seen.penalty)}", FORWARD, {}))
        for k, (text, colour, how) in enumerate(lines):
            self.write(x + 0.1, bottom - 0.8 - 0.32 * k, text, colour, 0.95, **how)
