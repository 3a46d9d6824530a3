"""What the examples share: the command line, digits, pictures, tables, nearest neighbours."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tinyae import datasets
from tinyae.checks import tables

Samples = tuple[np.ndarray, np.ndarray]  # images and what digits they are

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
    if options.seed < 0:
        parser.error(f"argument --seed: must be at least 0, but got {options.seed}")
    try:  # now, not after the training
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"argument --out: cannot make the folder {options.out}: {error.strerror}")
    print(f"Pictures go to {options.out}", flush=True)
    return options


def mnist(options: argparse.Namespace, **which: Any) -> tuple[Samples, Samples]:
    """The bundled digits, or with ``--full`` all of MNIST; ends the script where it is not found.

    Parameters
    ----------
    **which
        `digits` and `images`, as in `tinyae.datasets.mnist`.
    """
    try:
        return (datasets.mnist if options.full else datasets.mnist_mini)(**which)
    except (OSError, ValueError) as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")


def save(drawing: Axes | Figure, out: Path, name: str) -> None:
    """Save the figure, or the one that the axes belong to, as `out`/`name` and close it."""
    figure = drawing.figure if isinstance(drawing, Axes) else drawing
    out.mkdir(parents=True, exist_ok=True)
    figure.savefig(out / name, dpi=100, bbox_inches="tight", pad_inches=0.05)
    plt.close(figure)


def neighbours(points: np.ndarray, among: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The `n` nearest of `among` to each point, the nearest first.

    Parameters
    ----------
    points, among : array, shape (m, ...) and (k, ...)
    n : int
        At most k.

    Returns
    -------
    positions, distances : arrays, shape (m, n)
        Distances are √Σ(a − b)².
    """
    points, among = (np.reshape(array, (len(array), -1)) for array in (points, among))
    squares = (among**2).sum(axis=1)
    positions, distances = [], []
    # |a − b|² = |a|² − 2 a·b + |b|², for 200 points at a time: their products with all others
    for some in np.split(points, range(200, len(points), 200)):
        of_all = (some**2).sum(axis=1, keepdims=True) - 2 * some @ among.T + squares
        first = np.argpartition(of_all, n - 1, axis=1)[:, :n]
        least = np.take_along_axis(of_all, first, axis=1)
        order = np.argsort(least, axis=1)
        positions.append(np.take_along_axis(first, order, axis=1))
        distances.append(np.sqrt(np.maximum(np.take_along_axis(least, order, axis=1), 0)))
    return np.concatenate(positions), np.concatenate(distances)


def nearest(images: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The distance of each image to the nearest real one, shape (n,)."""
    return neighbours(images, real, 1)[1][:, 0]


def show(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells as a table, a blank line before and after it."""
    print("", *tables.table(rows), "", sep="\n", flush=True)
