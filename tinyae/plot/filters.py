"""What a layer has learned to look for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from ..checks.arguments import optional_text, whole
from ..checks.floating_point import quiet
from ..checks.hints import hinting
from .drawing import as_images, axes_for, colour_bar, set_title, tile

if TYPE_CHECKING:
    from ..layers.layer import Layer


@hinting
@quiet
def filters(layer: Layer, *, n: int = 64, title: str | None = None, ax: Axes | None = None) -> Axes:
    """The first `n` kernels of a layer that sees the image, blue below zero and red above.

    Parameters
    ----------
    layer : Conv2D on images of one channel, or Dense on flat square images
        Built, ``model.encoder.layers[0]`` for example.
    n : int
        How many filters or units; all of them where there are fewer.
    title : str, optional
        Instead of its own; "" for none.
    ax : Axes, optional
        Where to draw. Default: a new figure.

    See Also
    --------
    tinyae.Conv2D : Whose kernels they are.
    """
    optional_text("title", title)
    weights = getattr(layer, "weights", {}).get("kernel")
    if (
        weights is None
        or weights.ndim not in (2, 4)
        or (weights.ndim == 4 and weights.shape[2] > 1)
    ):
        raise ValueError(
            "filters can be drawn of a Conv2D on images of one channel, or of a Dense on flat "
            f"images, but layer is {layer!r}"
        )
    kernels = as_images(np.moveaxis(weights, -1, 0), "the kernels")[: whole("n", n)]
    columns = math.ceil(math.sqrt(len(kernels)))
    missing = -len(kernels) % columns
    most = float(np.abs(kernels).max())
    padded = np.pad(kernels, [(0, missing), (0, 0), (0, 0)], constant_values=np.nan)
    ax = axes_for(ax, (6.4, 6.4 * len(padded) / columns**2 + 0.4))
    image = ax.imshow(
        tile(padded, columns, gap=1, fill=np.nan),
        cmap="RdBu_r",
        vmin=-most,
        vmax=most,
        interpolation="nearest",
    )
    colour_bar(ax, image)
    ax.set(xticks=[], yticks=[])
    set_title(ax, f"{len(kernels)} kernels of the first layer", title)
    ax.spines[:].set_visible(False)
    return ax
