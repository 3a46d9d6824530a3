"""A trained model as one page for the browser: its codes, and what they decode to."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arguments import optional_text, with_methods
from ..checks.arrays import admit
from ..checks.floating_point import finite, quiet
from ..checks.hints import hinting
from ..version import __version__
from .directions import Directions, directions_of
from .drawing import COLOURS, MARKERS, as_images, grey_limits, label_index, rescaled
from .html_file import page_path, write_page
from .javascript import EXACT_NUMBERS, bits_needed, packed, probe, read_decoder, written

MOST_POINTS = 10_000  # that are drawn
MOST_NUMBERS = 150_000  # that are written for them
SMALLEST_IMAGE = 16  # numbers of a square: fewer are drawn as a line
CHECKED_CODES, CHECKED_NUMBERS = 8, 10_000  # that the page compares with the model's, at most
DARK = 0.1  # where most pixels are of less than this share of white, images are drawn as ink


@hinting
def page(
    model: Any,
    x: ArrayLike,
    labels: ArrayLike | None = None,
    path: str | os.PathLike[str] = "page.html",
    *,
    title: str | None = None,
) -> Path:
    """Write a page that decodes the code under the pointer; it needs a browser and no network.

    It shows the codes of `x` over what they decode to. Mouse, finger or arrow keys choose a code,
    and the decoder, which is in the page, decodes it. Codes of more than two numbers are shown
    along two of their principal directions or two of the numbers, and sliders set the others, up to
    24 in all. Outputs are drawn as images where they are images, or squares of 16 numbers or more;
    points of two numbers as points among all that the model can decode; others as a line.

    Parameters
    ----------
    model : Autoencoder or PCA
        Trained. Layers of one's own need `steps`; activations of one's own cannot be written.
    x : array-like, shape (n, *input_shape)
        Where there are too many, codes are drawn for some, chosen at random: at most 10,000, or
        for 150,000 numbers.
    labels : array-like, shape (n,), optional
        As in `latent`.
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
        If an argument is not as described, or the decoder holds what cannot be written.

    See Also
    --------
    manifold : The same on paper.
    explore : The same in a window.

    Notes
    -----
    Up to 100,000 weights are written with 32 bits a number, more with 16 where the outputs stay
    within a thousandth of the model's: 784-500-300-2 takes 1.5 MB. As it opens, the page compares
    some outputs with the model's, and says how far apart they are.

    Examples
    --------
    Of a saved model::

        _, (x, labels) = tae.datasets.mnist_mini()
        tae.plot.page(tae.load("digits.npz"), x, labels, "digits.html")
    """
    target = page_path(path)
    optional_text("title", title)
    with_methods("model", model, "encode", "decode")
    array = admit(x, "x")
    names, index = label_index(labels, len(array))
    if hasattr(model, "require_built"):
        model.require_built("page")
    decoder = read_decoder(model)
    codes = np.asarray(model.encode(array))
    flat = _single(codes, "a code").reshape(len(codes), -1).astype(float)
    ways = directions_of(flat)
    drawn = _drawn(len(flat), MOST_NUMBERS // sum(len(way.names) for way in ways))
    probes = probe(codes, min(CHECKED_CODES, max(1, CHECKED_NUMBERS // decoder.output_size)))
    outputs = _single(model.decode(probes), "an output")
    bits = bits_needed(model, decoder, codes)
    data = {
        "decoder": written(decoder, bits),
        "ways": [_way(way, drawn) for way in ways],
        "rows": _rows(index)[drawn].tolist() if flat.shape[1] == 1 else None,
        "labels": [] if labels is None else [str(name) for name in names],
        "index": index[drawn].tolist(),
        "colours": COLOURS,
        "markers": MARKERS,
        "output": _output(decoder.output_shape, rescaled(model, array), outputs, drawn),
        "probes": {"codes": packed(_single(probes, "a code")), "outputs": packed(outputs)},
        "samples": len(flat),
        "weights": decoder.weight_count,
        "bits": bits,
        "version": __version__,
    }
    own = f"The codes of {len(flat):,} samples"
    return write_page(target, "latent.html", own if title is None else title, data)


@quiet
def _single(array: ArrayLike, what: str) -> np.ndarray:
    """In float32, in which the page computes."""
    return finite(np.asarray(array).astype(np.float32), what)


def _drawn(samples: int, most: int) -> np.ndarray:
    """Which samples' codes are drawn: all of them, or some by chance, the same each time."""
    most = min(most, MOST_POINTS)
    if samples <= most:
        return np.arange(samples)
    return np.sort(np.random.default_rng(0).choice(samples, most, replace=False))


def _way(way: Directions, drawn: np.ndarray) -> dict[str, Any]:
    shares = (way.coordinates[drawn] - way.low) / (way.high - way.low)
    return {
        "name": way.name,
        "names": way.names,
        "origin": packed(way.origin),
        "directions": packed(way.directions, 32 if way.directions.size <= EXACT_NUMBERS else 16),
        "low": way.low.tolist(),
        "high": way.high.tolist(),
        "start": np.median(way.coordinates, axis=0).tolist(),
        "points": packed(shares, 16),
    }


def _rows(index: np.ndarray) -> np.ndarray:
    """Heights from 0 to 1 for codes of one number: a row for each label, scattered a little."""
    scattered = index + np.random.default_rng(0).uniform(0.15, 0.85, len(index))
    return np.round(scattered / (index.max() + 1), 4)


def _output(
    shape: tuple[int, ...], x: np.ndarray, outputs: np.ndarray, drawn: np.ndarray
) -> dict[str, Any]:
    """How outputs are drawn, with the limits that `x`, or the outputs themselves, have."""
    size = math.prod(shape)
    like = x if x[0].size == size else outputs
    like = like.reshape(len(like), *shape).astype(float)
    if shape == (2,):
        return {"kind": "point", "points": packed(like[drawn] if x[0].size == size else like)}
    square = len(shape) == 1 and size >= SMALLEST_IMAGE and math.isqrt(size) ** 2 == size
    if square or (len(shape) == 3 and shape[2] in (1, 3)):
        images = as_images(like[:1000], "x")
        low, high = grey_limits(images)
        grey = images.ndim == 3
        ink = grey and float(np.median(images)) < low + DARK * (high - low)
        height, width, channels = images.shape[1], images.shape[2], 1 if grey else 3
        shown = {"height": height, "width": width, "channels": channels, "ink": ink}
        return {"kind": "image", "low": low, "high": high, **shown}
    values = np.concatenate([like.reshape(len(like), -1), outputs.reshape(len(outputs), -1)])
    low, high = np.percentile(values, [0.5, 99.5])
    return {"kind": "line", "low": float(low), "high": float(high), "size": size}
