"""Codes to walk about in with the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backend_bases import Event, MouseEvent
from numpy.typing import ArrayLike

from ..checks.arguments import with_methods
from ..checks.arrays import admit
from ..checks.floating_point import quiet
from ..checks.hints import hinting
from .codes import latent
from .drawing import (
    as_images,
    grey_limits,
    label_index,
    rescaled,
    set_title,
    show,
    two_axes,
    two_titles,
    unit_range,
)


@hinting
def explore(
    model: Any,
    x: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    title: str | Sequence[str | None] | None = None,
    axes: Sequence[Axes] | np.ndarray | None = None,
) -> np.ndarray:
    """The codes of `x`; the one under the mouse is decoded beside them.

    Needs a backend of matplotlib with windows; call ``matplotlib.pyplot.show()`` afterwards.

    Parameters
    ----------
    model : object with ``encode(x)`` and ``decode(z)``
        With codes of two numbers, which it decodes to images.
    x : array-like, shape (n, height · width) of square images, or (n, height, width, 1 or 3)
        The images.
    labels : array-like, shape (n,), optional
        As in `latent`.
    title : str or (str, str), optional
        Instead of their own, one for both or one for each, where None keeps its own; "" for none.
    axes : two Axes of one figure, optional
        Where to draw the codes and the image. Default: a new figure.

    Returns
    -------
    ndarray of Axes, shape (2,)
        That of the codes and that of the image.

    See Also
    --------
    page : The same in a browser.
    manifold : The same on paper.

    Examples
    --------
    In a window::

        tae.plot.explore(ae, x, labels)
        matplotlib.pyplot.show()
    """
    array, (over_codes, over_image) = admit(x, "x"), two_titles(title)
    with_methods("model", model, "encode", "decode")
    label_index(labels, len(array))  # refused before a figure is made
    limits = grey_limits(as_images(rescaled(model, array[:1000]), "x"))
    codes = np.asarray(model.encode(array))
    if codes.shape != (len(array), 2):
        raise ValueError(
            f"the model must have codes of two numbers, shape ({len(array)}, 2), but their shape "
            f"is {codes.shape}"
        )
    if axes is None:
        axes = plt.subplots(1, 2, figsize=(11, 5), layout="constrained", width_ratios=(3, 2))[1]
    pair = two_axes(axes)
    left, right = pair
    canvas = left.figure.canvas
    latent(codes, labels, ax=left)
    set_title(left, "Codes: move the mouse over them", over_codes)

    def decoded(code: np.ndarray) -> np.ndarray:
        return as_images(model.decode(code[np.newaxis]), "the decoded code")[0]

    def words(code: np.ndarray) -> str:
        return f"Decoded from ({code[0]:.3g}, {code[1]:.3g})"

    start = quiet(np.median)(codes, axis=0)
    show(right, decoded(start), limits)
    right.set(xticks=[], yticks=[])
    set_title(right, words(start), over_image)
    (cross,) = left.plot(*start[:, np.newaxis], "+", color="black", ms=14, mew=2)

    def follow(event: Event) -> None:
        if isinstance(event, MouseEvent) and event.inaxes is left:
            code = np.array([event.xdata, event.ydata])
            image = decoded(code)
            right.images[0].set_data(image if image.ndim == 2 else unit_range(image, limits))
            right.title.set_text(words(code) if over_image is None else over_image)
            cross.set_data(code[:1], code[1:])
            canvas.draw_idle()

    canvas.mpl_connect("motion_notify_event", follow)
    return pair
