"""Samples from files: .npy, .npz, .csv, or IDX, the format of MNIST."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..datasets import load_idx


def read_samples(path: Path, key: str | None = None) -> np.ndarray:
    """The array in a file, samples first.

    Pixels of 8 bits (uint8) are divided by 255. A .csv may begin with a line of names.

    Parameters
    ----------
    path : Path
        Its suffix says what it is: .npy, .npz or .csv; anything else is IDX, gzipped or not.
    key : str, optional
        Which array of an .npz with several.

    Raises
    ------
    ValueError
        If the file does not hold what its suffix says, or its array no samples.
    OSError
        If it cannot be read.
    """
    try:
        array = _read(path, key)
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error) if str(path) in str(error) else f"{path}: {error}"
        raise ValueError(" ".join(reason.split())) from None
    if array.ndim < 2:
        raise ValueError(
            f"{path} should hold samples, (n, features) or images, but its shape is {array.shape}"
        )
    return array.astype(np.float32) / np.float32(255) if array.dtype == np.uint8 else array


def _read(path: Path, key: str | None) -> np.ndarray:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _read_npz(path, key)
    if key is not None:
        raise ValueError(f"{path} is no .npz, so it has no array of the name {key!r}")
    if suffix == ".npy":
        return np.load(path, mmap_mode="r", allow_pickle=False)
    if suffix == ".csv":
        return _read_csv(path)
    return load_idx(path)


def _read_npz(path: Path, key: str | None) -> np.ndarray:
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
        names = list(arrays)
        if key is None and len(names) == 1:
            key = names[0]
        if key not in names:
            raise ValueError(f"{path} holds {', '.join(names)}: choose one with --key")
        return arrays[key]


def _read_csv(path: Path) -> np.ndarray:
    with open(path, encoding="utf-8-sig") as file:
        lines = [line for line in file if line.strip()]
    rows = lines[1:] if lines and _is_header(lines[0]) else lines
    if not rows:
        raise ValueError("it holds no rows of numbers")
    return np.loadtxt(rows, delimiter=",", ndmin=2)


def _is_header(line: str) -> bool:
    try:
        [float(cell) for cell in line.split(",")]
    except ValueError:
        return True
    return False
