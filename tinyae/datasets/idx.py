"""The IDX format, in which MNIST is published: a short header, then one array in C order.

========  =========================================================
2 bytes   zero
1 byte    the type of the numbers, see `_TYPES`
1 byte    how many dimensions
4 bytes   the size of each dimension, big-endian, unsigned
the rest  the numbers, big-endian
========  =========================================================

A header is a claim by whoever made the file: memory is taken for the bytes that are really there,
a piece at a time, and never for what the header says.
"""

from __future__ import annotations

import contextlib
import gzip
import math
import os
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from ..checks.arguments import file_path
from ..checks.hints import hinting

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_DIMENSIONS = 64  # NumPy's own limit
_PIECE_BYTES = 1 << 20


@hinting
def load_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read one array from an IDX file, gzipped or plain.

    Whether it is gzipped is seen from its first bytes; the file's name does not matter.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    ndarray
        The array as stored (uint8, int8, int16, int32, float32 or float64), in the machine's
        byte order; it is yours to modify.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not exactly one IDX array: damaged gzip, unknown type, an empty dimension,
        fewer or more bytes than its header declares. The message names the file.

    See Also
    --------
    mnist : Reads the four files of MNIST.

    Notes
    -----
    Memory and time grow with the bytes in the file, or in the gzip stream as far as the header's
    sizes reach.

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits",
    section "File formats".

    Examples
    --------
    >>> import tinyae as tae
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "pairs")
    ...     size = file.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 30, 40]))
    ...     tae.datasets.load_idx(file)
    array([[30, 40]], dtype=uint8)
    """
    with open_decompressed(file_path("path", path)) as stream:
        return parse_idx(stream, path)


@contextlib.contextmanager
def open_decompressed(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file to read its bytes, through gzip if it is gzipped; damage raises ValueError."""
    with open(path, "rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            yield gzip.GzipFile(fileobj=file) if gzipped else file  # type: ignore[misc]
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{os.fspath(path)} is a damaged gzip file: {error}") from None


def parse_idx(stream: BinaryIO, path: str | os.PathLike[str]) -> np.ndarray:
    """Read one IDX array from a stream that must end with it; `path` names it in errors."""
    name = os.fspath(path)
    start = _read(stream, 4, name, "header")
    code, dimensions = start[2], start[3]
    if start[:2] != b"\0\0":
        raise ValueError(f"{name} is not an IDX file: it begins with {start.hex(' ')}, not 00 00")
    if code not in _TYPES:
        known = ", ".join(f"{known:02x}" for known in _TYPES)
        raise ValueError(f"{name} has the IDX type {code:02x}; expected one of {known}")
    if not 1 <= dimensions <= _MOST_DIMENSIONS:
        raise ValueError(
            f"{name} declares {dimensions} dimensions; expected 1 to {_MOST_DIMENSIONS}"
        )
    sizes = np.frombuffer(_read(stream, 4 * dimensions, name, "header"), ">u4")
    shape = tuple(sizes.tolist())  # Python's integers: their product cannot overflow
    if 0 in shape:
        raise ValueError(f"{name} is empty: it declares the shape {shape}")
    dtype = np.dtype(_TYPES[code])
    data = _read(stream, math.prod(shape) * dtype.itemsize, name, f"array of shape {shape}")
    if stream.read(1):  # asking past the end is also what makes gzip compare its checksum
        raise ValueError(f"{name} goes on after the array of shape {shape} that it declares")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read(stream: BinaryIO, count: int, name: str, what: str) -> bytearray:
    data = bytearray()
    while len(data) < count:
        piece = stream.read(min(count - len(data), _PIECE_BYTES))
        if not piece:
            raise ValueError(
                f"{name} is cut short: its {what} takes {count} bytes, but {len(data)} are there"
            )
        data += piece
    return data
