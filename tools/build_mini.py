"""Builds the bundled part of MNIST from the four published files:

    python tools/build_mini.py FOLDER

The same files give the same bytes again: NumPy dates every member of an archive 1980-01-01.
"""

import os
import sys

import numpy as np

from tinyae.datasets.digits import MINI_FILE
from tinyae.datasets.fetch import mnist_arrays

TRAINING, TEST = 6_000, 1_000


def build(folder: str | os.PathLike[str], target: str | os.PathLike[str] = MINI_FILE) -> None:
    """Write the first training and test images and labels of the files in `folder` to `target`."""
    x_train, y_train, x_test, y_test = mnist_arrays(folder)
    np.savez_compressed(
        target,
        x_train=x_train[:TRAINING],
        y_train=y_train[:TRAINING],
        x_test=x_test[:TEST],
        y_test=y_test[:TEST],
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/build_mini.py FOLDER_WITH_MNIST")
    build(sys.argv[1])
    print(f"{MINI_FILE}: {MINI_FILE.stat().st_size:,} bytes")
