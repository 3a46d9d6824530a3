"""The command ``python -m tinyae explore``: codes to walk about in with the mouse."""

import math
from pathlib import Path

from matplotlib import pyplot as plt

from .. import datasets, models, plot
from ..autoencoder import Autoencoder
from ..checks.arguments import shown

DIGITS = (1, 5, 6)
WITHOUT_WINDOWS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")


def run(path: Path | None, epochs: int = 5) -> None:
    """Open the window on a saved model, or on the demo's, trained now; returns when it is closed.

    Shown are the bundled test digits: all of them for a saved model, 1, 5 and 6 for the demo's.
    """
    backend = plt.get_backend()
    if backend.lower() in WITHOUT_WINDOWS:
        raise ValueError(
            f"explore needs a window, but matplotlib draws with {backend!r} here: run it on a "
            "desktop, with PyQt6 or Tk installed"
        )
    model, digits = (_trained(epochs), DIGITS) if path is None else (_loaded(path), None)
    _, (x, labels) = datasets.mnist_mini(digits=digits)
    plot.explore(model, x.reshape(-1, *model.encoder.input_shape), labels)
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
    shape, code = model.encoder.input_shape, model.encoder.output_shape
    if math.prod(shape) != 784 or code != (2,):
        raise ValueError(
            f"{path} must hold a model of 28 × 28 images with a code of two numbers, but its "
            f"input has shape {shape} and its code {code}"
        )
    return model
