"""What a layer has learned to look for, or to draw."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..checks.arguments import optional_text, shown, whole
from ..checks.floating_point import quiet
from ..checks.hints import hinting
from ..layers.layer import Layer
from ..primitives.steps import weight_names, weight_of
from .drawing import as_images, axes_for, colour_bar, set_title, tile


@hinting
@quiet
def filters(layer: Layer, *, n: int = 64, title: str | None = None, ax: Axes | None = None) -> Axes:
    """The first `n` kernels of a layer that sees or draws images, blue below zero and red above.

    Of a `Dense` in an encoder they are the columns of its kernel: what each unit looks for. In a
    decoder they are the rows, a dictionary's atoms: what each number that comes adds to the image.

    Parameters
    ----------
    layer : Dense or Tied of flat square images; Conv2D or Conv2DTranspose of images of one channel
        Built, ``model.encoder[0]`` or ``model.decoder[-1]`` for example. Of a `Dense` that is in no
        model the columns are drawn if they are square, else the rows.
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

    Raises
    ------
    ValueError
        If the layer has no kernel that is made of such images.

    See Also
    --------
    tinyae.Conv2D : Whose kernels they are.
    tinyae.TopK : What makes a decoder a dictionary.

    Examples
    --------
    >>> import tinyae as tae
    >>> encoder = [tae.Dense(32, "relu"), tae.TopK(4)]
    >>> ae = tae.Autoencoder(encoder, [tae.Dense(64)], input_shape=(64,))
    >>> ax = tae.plot.filters(ae.decoder[-1])
    >>> ax.get_title()
    '32 atoms of decoder[0] Dense'
    """
    optional_text("title", title)
    images, what = _kernels(layer)
    kernels = as_images(images, "the kernels")[: whole("n", n)]
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
    set_title(ax, f"{len(kernels)} {what} of {layer.label}", title)
    ax.spines[:].set_visible(False)
    return ax


def _kernels(layer: Any) -> tuple[np.ndarray, str]:
    """The images in a layer's kernel, one after the other, and what they are called."""
    built = isinstance(layer, Layer) and bool(layer.output_shape)  # which says so if it is not
    kernel: Any = None
    if built and "kernel" in weight_names(layer):  # a tied layer's is another's
        own = layer.weights.get("kernel")
        kernel = weight_of(layer, "kernel") if own is None else own
    if kernel is not None and kernel.ndim == 4:  # of images: the side of one channel
        for axis in (-1, -2):
            kernels = np.moveaxis(kernel, axis, 0)
            if kernels.shape[-1] == 1:
                return kernels, "kernels"
    if kernel is not None and kernel.ndim == 2:  # of flat ones: the side that its place says
        sides = {"kernels": kernel.T, "atoms": kernel}
        only = {"encoder": "kernels", "decoder": "atoms"}.get(layer.label.partition("[")[0])
        for what, kernels in sides.items():
            if only in (what, None) and math.isqrt(kernels.shape[1]) ** 2 == kernels.shape[1]:
                return kernels, what
    of = "" if kernel is None else f"; its kernel has the shape {kernel.shape}"
    raise ValueError(
        "filters can be drawn of a Conv2D or Conv2DTranspose on images of one channel, or of a "
        f"Dense or Tied on flat square images, but layer is {shown(layer)}{of}"
    )
