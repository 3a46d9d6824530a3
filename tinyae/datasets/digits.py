"""MNIST, the handwritten digits: all of it, or the part that comes with the package."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..checks.arguments import file_path, flag, listed, whole
from ..checks.hints import hinting
from .fetch import mnist_arrays

MINI_FILE = Path(__file__).with_name("mnist_mini.npz")

Samples = tuple[np.ndarray, np.ndarray]


@hinting
def mnist(
    path: str | os.PathLike[str] | None = None,
    *,
    digits: Iterable[int] | None = None,
    images: bool = False,
) -> tuple[Samples, Samples]:
    """MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 × 28 pixels.

    The four published files, gzipped or plain, are looked for in the folder `path`, else in the
    folder that the environment variable TINYAE_DATA names, else in the user's cache folder, into
    which they are downloaded (11 MB, once) where they are missing. Every file is checked against
    the SHA-256 of its decompressed bytes. Nothing is downloaded when a folder was named.

    Parameters
    ----------
    path : str or path-like, optional
        The folder with the files.
    digits : iterable of int, optional
        Which digits to keep, such as ``(1, 5, 6)``; the images stay in their order. Default: all.
    images : bool
        Whether x is made of images for convolutions instead of vectors.

    Returns
    -------
    train : tuple of two ndarray
        The images x, float32 in [0, 1] (pixel / 255; 0 is the background), of shape (n, 784), or
        (n, 28, 28, 1) with ``images=True``, and the digits y, int64, of shape (n,).
    test : tuple of two ndarray
        The same of the test images.

    Raises
    ------
    ValueError
        If `digits` is empty or holds anything but integers from 0 to 9; if a file in the named
        folder is damaged or is not MNIST's.
    FileNotFoundError
        If a file is missing in the named folder.
    OSError
        If a file could not be downloaded; the message says where to put the files by hand.

    See Also
    --------
    mnist_mini : A part that needs no download.
    load_idx : Reads one such file.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86 (1998). The data set is by Yann LeCun, Corinna Cortes
    and Christopher J. C. Burges, under CC BY-SA 3.0.

    Examples
    --------
    >>> import tinyae as tae
    >>> (x_train, y_train), (x_test, y_test) = tae.datasets.mnist()  # doctest: +SKIP
    """
    wanted, images = _check_digits(digits), flag("images", images)
    path = None if path is None else file_path("path", path)
    x_train, y_train, x_test, y_test = mnist_arrays(path)
    return _samples(x_train, y_train, wanted, images), _samples(x_test, y_test, wanted, images)


@hinting
def mnist_mini(
    *, digits: Iterable[int] | None = None, images: bool = False
) -> tuple[Samples, Samples]:
    """The first 6,000 training and the first 1,000 test images of MNIST, bundled with the package.

    Parameters
    ----------
    digits : iterable of int, optional
        Which digits to keep, such as ``(1, 5, 6)``; the images stay in their order. Default: all.
    images : bool
        Whether x is made of images for convolutions instead of vectors.

    Returns
    -------
    train : tuple of two ndarray
        The images x and the digits y, as of `mnist`.
    test : tuple of two ndarray
        The same of the test images.

    Raises
    ------
    ValueError
        If `digits` is empty or holds anything but integers from 0 to 9.

    See Also
    --------
    mnist : All of it.

    References
    ----------
    MNIST is by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, under CC BY-SA 3.0
    (https://creativecommons.org/licenses/by-sa/3.0/), which holds for the bundled part too.

    Examples
    --------
    >>> import tinyae as tae
    >>> (x_train, y_train), (x_test, y_test) = tae.datasets.mnist_mini(digits=(1, 5, 6))
    >>> x_train.shape, x_train.dtype, x_test.shape, y_test[:5]
    ((1793, 784), dtype('float32'), (300, 784), array([1, 1, 5, 6, 1]))
    """
    wanted, images = _check_digits(digits), flag("images", images)
    with np.load(MINI_FILE, allow_pickle=False) as parts:
        return (
            _samples(parts["x_train"], parts["y_train"], wanted, images),
            _samples(parts["x_test"], parts["y_test"], wanted, images),
        )


def _check_digits(digits: Iterable[int] | None) -> list[int] | None:
    if digits is None:
        return None
    wanted = listed("digits", digits, "integers from 0 to 9, such as (1, 5, 6)")
    if not wanted:
        raise ValueError("digits must be one or more integers from 0 to 9, but is empty")
    return [whole("each of digits", digit, least=0, most=9) for digit in wanted]


def _samples(
    pixels: np.ndarray, labels: np.ndarray, wanted: list[int] | None, images: bool
) -> Samples:
    if wanted is not None:
        keep = np.isin(labels, wanted)
        pixels, labels = pixels[keep], labels[keep]
    x = pixels.astype(np.float32)
    x /= 255
    return x.reshape((-1, 28, 28, 1) if images else (-1, 784)), labels.astype(np.int64)
