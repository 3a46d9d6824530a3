"""Samples from files: .npy, .npz, .csv, .tsv, or IDX, the format of MNIST."""

import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from ..checks.arrays import numbers, row_chunks
from . import load_idx
from .columns import Choice, as_chosen
from .csv_file import read_csv

NUMPY, TEXT = (".npy", ".npz"), (".csv", ".tsv")
DAMAGED = (ValueError, EOFError, RuntimeError, ArithmeticError, zipfile.BadZipFile, zlib.error)
LARGEST = float(np.finfo(np.float64).max)


class Samples(NamedTuple):
    """Samples, where in their file each number stands, and the columns' names if it has any."""

    x: np.ndarray
    place: Callable[[Sequence[int]], str]
    names: list[str] | None = None
    pixels: bool = False  # whether they are numbers of 8 bits, from 0 to 255
    remembered: tuple[str | int, ...] | None = None  # what chooses the same columns again

    def check(self, low: float, high: float, otherwise: str) -> None:
        """Refuse the first number that is not from `low` to `high`, NaN too, with its place."""
        least, most = np.float64(low), np.float64(high)  # compared as such, also with float32
        for rows in row_chunks(len(self.x), self.x[:1].nbytes):
            inside = (self.x[rows] >= least) & (self.x[rows] <= most)
            if not inside.all():
                first, *rest = np.argwhere(~inside)[0].tolist()
                index = (rows.start + first, *rest)
                raise ValueError(f"{self.place(index)}: {self.x[index]} {otherwise}")


def read_samples(
    path: Path, key: str | None = None, choice: Choice | None = None, header: bool | None = None
) -> Samples:
    """The samples in a file, all of them finite.

    Parameters
    ----------
    path : Path
        Its suffix says what it is: .npy, .npz, .csv or .tsv; anything else is IDX, gzipped or not.
    key : str, optional
        Which array of an .npz with several.
    choice : Choice, optional
        Which columns. Default: all.
    header : bool, optional
        As for `read_csv`.

    Raises
    ------
    ValueError
        If the file does not hold what its suffix says, or its array no samples.
    OSError
        If it cannot be read.
    """
    suffix, choice = path.suffix.lower(), choice or Choice()
    if key is not None and suffix != ".npz":
        raise ValueError(f"{path} is no .npz, so it has no array of the name {key!r}")
    if header is not None and suffix not in TEXT:
        raise ValueError(f"{path} is no .csv or .tsv, so it has no line of names")
    try:
        if suffix in TEXT:
            table = read_csv(path, choice, header)
            samples = Samples(table.values, table.place, table.names, False, table.remembered)
        else:
            samples = _chosen(path, _array(path, suffix, key), choice)
    except DAMAGED as error:
        if str(path) in str(error):
            raise ValueError(" ".join(str(error).split())) from None
        objects = "bject" in str(error)  # what NumPy says of pickles
        what = "holds Python's objects: save numbers, with .astype(float)"
        raise ValueError(f"{path} {what if objects else 'is damaged, or cut short'}") from None
    samples.check(-LARGEST, LARGEST, "is not finite")
    return samples


def _array(path: Path, suffix: str, key: str | None) -> np.ndarray:
    if suffix not in NUMPY:
        return load_idx(path)
    with open(path, "rb") as file:
        start = file.read(6)
        if start[:2] == b"PK":
            file.seek(0)
            return _in_npz(path, file, key)
    if start != b"\x93NUMPY":  # of which NumPy would say that it is a pickle
        raise ValueError(f"{path} is no file of NumPy's arrays")
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _in_npz(path: Path, file: BinaryIO, key: str | None) -> np.ndarray:
    with np.load(file, allow_pickle=False) as arrays:
        names = list(arrays)
        if not names:
            raise ValueError(f"{path} holds no array")
        if key is None and len(names) == 1:
            key = names[0]
        if key not in names:
            raise ValueError(f"{path} holds {', '.join(names)}: choose one with --key")
        return arrays[key]


def _chosen(path: Path, array: np.ndarray, choice: Choice) -> Samples:
    array = numbers(array, str(path))
    if array.ndim < 2:
        raise ValueError(
            f"{path} should hold samples, (n, features) or images, but its shape is {array.shape}"
        )
    if array.size == 0:
        raise ValueError(f"{path} holds no samples: its shape is {array.shape}")
    positions, again = list(range(array.shape[1])), None
    if choice != Choice():
        if array.ndim > 2:
            raise ValueError(f"{path} has no columns to choose: its shape is {array.shape}")
        positions = choice.positions(array.shape[1], None, str(path))
        again = as_chosen(positions, array.shape[1], None)
        array = array[:, positions]

    def place(index: Sequence[int]) -> str:
        row, column, *rest = index
        return f"{path}[{', '.join(map(str, (row, positions[column], *rest)))}]"

    return Samples(array, place, pixels=array.dtype == np.uint8, remembered=again)
