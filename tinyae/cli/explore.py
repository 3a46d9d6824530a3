"""The command ``python -m tinyae explore``: codes to walk about in, in a window or a page."""

import math
from pathlib import Path

from matplotlib import pyplot as plt

from .. import datasets, models, plot
from ..autoencoder import Autoencoder
from ..checks.arguments import shown
from ..checks.places import check_place
from ..plot.html_file import page_path
from .terminal import say

DIGITS = (1, 5, 6)
WITHOUT_WINDOWS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")


def run(path: Path | None, html: Path | None, otherwise: Path, epochs: int = 5) -> None:
    """Show a saved model, or the demo's, trained now: in a window, or as the page `html`.

    Where there can be no window, the page `otherwise` is written. Shown are the bundled test
    digits: all of them for a saved model, 1, 5 and 6 for the demo's.
    """
    backend = plt.get_backend()
    if html is None and backend.lower() in WITHOUT_WINDOWS:
        say(f"There is no window here, where matplotlib draws with {backend!r}: a page is written")
        html = otherwise
    if path is None and html is not None and html.suffix.lower() == ".npz":
        raise ValueError(f"--html takes the name of the page: explore {html} --html")
    if html is not None:
        inputs = {} if path is None else {"model": path}
        check_place(page_path(html), **inputs)
    model, digits = (_trained(epochs), DIGITS) if path is None else (_loaded(path), None)
    _, (x, labels) = datasets.mnist_mini(digits=digits)
    x = x.reshape(-1, *model.encoder.input_shape)
    if html is not None:
        plot.page(model, x, labels, html)
        say(f"{html}: open it in a browser; the code under the pointer is decoded")
        return
    _check_window(model, path)
    plot.explore(model, x, labels)
    plt.show()


def _trained(epochs: int) -> Autoencoder:
    (x, _), _ = datasets.mnist_mini(digits=DIGITS)
    model = models.deep()
    model.fit(x, epochs=epochs, batch_size=50)
    return model


def _loaded(path: Path) -> Autoencoder:
    from ..loading import load

    model = load(path)
    if not isinstance(model, Autoencoder):
        raise ValueError(f"{path} must hold an Autoencoder, but holds {shown(model)}")
    shape = model.encoder.input_shape
    if math.prod(shape) != 784:
        raise ValueError(
            f"{path} must hold a model of 28 × 28 images, but its input has shape {shape}"
        )
    return model


def _check_window(model: Autoencoder, path: Path | None) -> None:
    if (code := model.encoder.output_shape) != (2,):
        raise ValueError(
            f"{path} must hold a model with a code of two numbers, but its code has shape {code}; "
            "a page shows it: --html"
        )
