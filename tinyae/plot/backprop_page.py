"""Backpropagation as a page for the browser, to go through step by step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arguments import optional_text
from ..checks.floating_point import finite
from ..checks.hints import hinting
from ..version import __version__
from .html_file import page_path, write_page
from .seen_step import Connections, LayerStep, seen_step


@hinting
def backprop_page(
    model: Any,
    x: ArrayLike,
    y: ArrayLike | None = None,
    path: str | os.PathLike[str] = "backprop.html",
    *,
    title: str | None = None,
) -> Path:
    """Write a page that goes through one training step: forward, loss, and back.

    A small network is drawn with what is known after each step; for the unit that is chosen, each
    number stands with its formula, first in letters, then in figures.

    Parameters
    ----------
    model : Autoencoder
        With at most 16 numbers in each layer. It is not changed.
    x : array-like, shape input_shape
        One sample.
    y : array-like, shape output_shape, optional
        Its target. Default: `x`.
    path : str or Path
        Where to write it, with a name that ends in .html.
    title : str, optional
        Instead of its own; "" for none.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ValueError
        If an argument is not as described.

    See Also
    --------
    backprop : The same as a picture.
    tinyae.trace : The norms of the same, for models of any size.

    Examples
    --------
    Of a model with codes of one number::

        ae = tae.models.deep((2, 2, 1), "tanh")  # 2-2-1-2-2
        tae.plot.backprop_page(ae, [0.5, -1.0], path="backprop.html")
    """
    target = page_path(path)
    optional_text("title", title)
    seen = seen_step(model, x, y, "backprop_page")
    data = {
        "x": _numbers(seen.x),
        "target": _numbers(seen.target),
        "layers": [_layer(layer) for layer in seen.layers],
        "reconstruction": float(seen.reconstruction),
        "penalty": float(seen.penalty),
        "loss": seen.loss_formula._asdict(),
        "version": __version__,
    }
    own = "Backpropagation of one sample"
    return write_page(target, "backprop.html", own if title is None else title, data)


def _layer(layer: LayerStep) -> dict[str, Any]:
    return {
        **{"name": layer.name, **layer.formula._asdict()},
        **{"y": _numbers(layer.y), "dy": _numbers(layer.dy), "dx": _numbers(layer.dx)},
        "connections": None if layer.connections is None else _connections(layer.connections),
    }


def _connections(connections: Connections) -> dict[str, Any]:
    return {
        name: _numbers(value) if isinstance(value, np.ndarray) else value
        for name, value in connections._asdict().items()
    }


def _numbers(array: np.ndarray) -> list[Any]:
    found: list[Any] = finite(array, "a number of the step").tolist()
    return found
