"""What the examples share: the command line, pictures, tables, distances to real images."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tinyae import tables

matplotlib.use("Agg")  # pictures go into files, so no display is needed


def arguments(description: str) -> argparse.Namespace:
    """The command line: .out (Path), .full (bool) and .seed (int). Prints where pictures go.

    Parameters
    ----------
    description : str
        What ``--help`` shows: the script's docstring.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out = Path("tinyae-examples", Path(sys.argv[0]).stem)
    parser.add_argument(
        "--out", type=Path, default=out, metavar="FOLDER", help=f"for the pictures (default: {out})"
    )
    parser.add_argument(
        "--full", action="store_true", help="the tutorial's own scale and data (minutes)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights and made data (default: 0)")
    options = parser.parse_args()
    print(f"Pictures go to {options.out}")
    return options


def save(drawing: Axes | Figure, out: Path, name: str) -> None:
    """Save the figure, or the one that the axes belong to, as `out`/`name` and close it."""
    figure = drawing.figure if isinstance(drawing, Axes) else drawing
    out.mkdir(parents=True, exist_ok=True)
    figure.savefig(out / name, dpi=100)
    plt.close(figure)


def nearest(images: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The distance of each image to the nearest real one, √Σ(pixel − pixel)², shape (n,).

    Parameters
    ----------
    images, real : array, shape (n, ...) and (m, ...)
    """
    images, real = (np.reshape(array, (len(array), -1)) for array in (images, real))
    # |a − b|² = |a|² − 2 a·b + |b|², for 200 images at a time: their products with all real ones
    squares = (real**2).sum(axis=1)
    least = [
        np.min(squares - 2 * some @ real.T, axis=1)
        for some in np.split(images, range(200, len(images), 200))
    ]
    return np.sqrt(np.maximum((images**2).sum(axis=1) + np.concatenate(least), 0))


def show(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells as a table, a blank line before and after it."""
    print("", *tables.table(rows), "", sep="\n", flush=True)
