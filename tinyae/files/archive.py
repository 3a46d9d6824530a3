"""The file that a model is saved in: an .npz with one JSON document, "model", and arrays.

NumPy writes it; reading is done here, since a file may be damaged or made to do harm. Nothing in it
is ever executed, and nothing is allocated that the file only claims to hold: arrays are stored
uncompressed, as `numpy.savez` does, and an array's declared size must be there in bytes.

A .npz is a zip archive: for each member a header, its name and its data, then a directory. The data
are a .npy file: a short header in text, and the array's bytes.
"""

from __future__ import annotations

import json
import math
import os
import re
import struct
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from ..checks.arguments import file_path
from ..checks.arrays import row_slices
from ..version import __version__
from .atomic import replace_file

FORMAT, FORMAT_VERSION = "tinyae", 2
DOCUMENT = "model"
MOST_DOCUMENT_BYTES = 1 << 20
MOST_MEMBERS = 16
MOST_DIRECTORY_BYTES = 1 << 16
CHUNK_NUMBERS = 1 << 18

# signature, version, flags, method, time, date, CRC-32, packed size, size, lengths of name and more
ZIP_HEADER = struct.Struct("<4s5H3I2H")
ZIP64_SIZES = struct.Struct("<2H2Q")  # in `more`: kind 1, length 16, size, packed size
MEMBER, DIRECTORY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END_BYTES = 22
IN_ZIP64 = 0xFFFFFFFF
NPY_START = struct.Struct("<8sH")  # signature with version 1.0, length of the text
NPY_TEXT = re.compile(
    r"\{'descr': '([<>|][fu][1-8])', 'fortran_order': False, "
    r"'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\), \} *\n"
)


class ModelFormatError(ValueError):
    """A file is not a model that this version of tinyae can load; the message says why.

    See Also
    --------
    load : Raises it.

    Examples
    --------
    >>> import tinyae as tae
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "model.npz")
    ...     size = file.write_bytes(b"something else")
    ...     tae.load(file)
    Traceback (most recent call last):
        ...
    tinyae.files.archive.ModelFormatError: ...
    """


class Member(NamedTuple):
    """An array in the file, known from its headers."""

    dtype: np.dtype
    shape: tuple[int, ...]
    start: int  # where its numbers begin
    header_crc: int  # of the .npy header
    crc: int  # of the header and the numbers


def write(
    path: str | os.PathLike[str], document: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write a model's file, in place of an old one only when it is whole."""
    path = file_path("path", path)
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "tinyae": __version__}
    text = json.dumps({**head, **document}, allow_nan=False, indent=1).encode()
    if len(text) > MOST_DOCUMENT_BYTES:
        raise ValueError(f"the model's description takes {len(text):,} bytes, which is too long")
    for name, array in arrays.items():
        if name != "history" and not all_finite(array):
            raise ValueError(f"the model's {name} hold NaN or infinity, so it is not saved")
    with replace_file(path) as file:
        members = {DOCUMENT: np.frombuffer(text, np.uint8), **arrays}
        np.savez(file, **members)  # type: ignore[arg-type]  # no name is an option's


def all_finite(array: np.ndarray) -> bool:
    """Whether no number is NaN or infinite, without a large temporary array."""
    flat = array.reshape(-1)
    return all(bool(np.isfinite(flat[part]).all()) for part in row_slices(flat.size, CHUNK_NUMBERS))


class ModelFile:
    """An open model file: its document, and its arrays once asked for.

    Parameters
    ----------
    file : binary file, opened for reading

    Attributes
    ----------
    document : dict
        Without the fields that name the format.
    version : int
        Of the format.

    Raises
    ------
    ModelFormatError
        Here and in `read`, if the file is not as `write` writes it.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._members = self._read_headers()
        self.document = self._read_document()

    def expect(self, shapes: Mapping[str, tuple[DTypeLike, tuple[int, ...]]]) -> None:
        """Refuse the file unless it holds exactly these arrays, of these dtypes and shapes."""
        if odd := set(shapes).symmetric_difference(self._members.keys() - {DOCUMENT}):
            name = min(odd)
            raise ModelFormatError(f"{name!r} {'is missing' if name in shapes else 'is unknown'}")
        for name, (dtype, shape) in shapes.items():
            member = self._members[name]
            if member.dtype != dtype or member.shape != shape:
                raise ModelFormatError(
                    f"{name!r} should be {np.dtype(dtype)} of shape {shape}, but is "
                    f"{member.dtype} of shape {member.shape}"
                )

    def take(self, name: str, dtype: DTypeLike) -> np.ndarray:
        """An array of any shape that is no part of the rest, which is forgotten."""
        if name not in self._members:
            raise ModelFormatError(f"{name!r} is missing")
        if self._members[name].dtype != dtype:
            raise ModelFormatError(f"{name!r} should be {np.dtype(dtype)}")
        array = self.read(name)
        del self._members[name]
        return array

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array, which may be anything yet."""
        return self._members[name].shape if name in self._members else ()

    def read(self, name: str, out: np.ndarray | None = None, finite: bool = True) -> np.ndarray:
        """An array, into `out` if given: of its dtype and shape, contiguous."""
        member = self._members[name]
        array = np.empty(member.shape, member.dtype) if out is None else out
        self._file.seek(member.start)
        data = array.reshape(-1).view(np.uint8)
        count = self._file.readinto(data)  # type: ignore[attr-defined]
        if count < data.size or zlib.crc32(data.data, member.header_crc) != member.crc:
            raise ModelFormatError(f"{name!r} is damaged: its checksum is wrong")
        if finite and not all_finite(array):
            raise ModelFormatError(f"{name!r} holds NaN or infinity")
        return array

    def _read_headers(self) -> dict[str, Member]:
        members: dict[str, Member] = {}
        at = 0
        while (header := self._read_at(at, ZIP_HEADER.size))[:4] != DIRECTORY:
            if header[:4] != MEMBER:
                raise ModelFormatError(
                    "it is cut short or damaged" if members else "it is not a file of tinyae's"
                )
            name, member, at = self._read_member(header)
            if name in members or len(members) == MOST_MEMBERS:
                raise ModelFormatError("it holds too many arrays, or one twice")
            members[name] = member
        end = self._read_at(max(at, self._size - END_BYTES), END_BYTES)
        if end[:4] != END or self._size - at > MOST_DIRECTORY_BYTES:
            raise ModelFormatError("it is cut short, or goes on after its end")
        return members

    def _read_at(self, at: int, count: int) -> bytes:
        self._file.seek(at)
        return self._read(count)

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise ModelFormatError("it is cut short")
        return data

    def _read_member(self, header: bytes) -> tuple[str, Member, int]:
        """A member from its zip header on: its name, what it is, and where the next one begins."""
        _, _, flags, method, _, _, crc, packed, size, *lengths = ZIP_HEADER.unpack(header)
        name, more = self._read(lengths[0]), self._read(lengths[1])
        if size == packed == IN_ZIP64 and len(more) == ZIP64_SIZES.size:
            _, _, size, packed = ZIP64_SIZES.unpack(more)
        text = name.decode("latin-1")
        if flags or method or packed != size or not text.endswith(".npy"):
            raise ModelFormatError("it is packed in another way than tinyae does")
        begin = self._file.tell()
        if begin + size > self._size:
            raise ModelFormatError(
                f"{text!r} declares {size:,} bytes, but the file has {self._size:,} in all"
            )
        start = self._read(NPY_START.size)
        signature, length = NPY_START.unpack(start)
        match = None
        if signature == b"\x93NUMPY\x01\x00" and length <= size:
            start += self._read(length)
            match = NPY_TEXT.fullmatch(start[NPY_START.size :].decode("latin-1"))
        if match is None:
            raise ModelFormatError(f"{text!r} is not an array of numbers as tinyae writes them")
        try:
            dtype = np.dtype(match[1])
        except TypeError:
            raise ModelFormatError(f"{text!r} has the unknown dtype {match[1]!r}") from None
        shape = tuple(int(side) for side in match[2].split(",") if side.strip())
        if len(start) + math.prod(shape) * dtype.itemsize != size:
            raise ModelFormatError(f"{text!r} declares shape {shape}, but holds {size:,} bytes")
        member = Member(dtype, shape, begin + len(start), zlib.crc32(start), crc)
        return text.removesuffix(".npy"), member, begin + size

    def _read_document(self) -> dict[str, Any]:
        member = self._members.get(DOCUMENT)
        if member is None or member.dtype != np.uint8 or len(member.shape) != 1:
            raise ModelFormatError("it is not a file of tinyae's: it has no document")
        if member.shape[0] > MOST_DOCUMENT_BYTES:
            raise ModelFormatError(f"its document is longer than {MOST_DOCUMENT_BYTES:,} bytes")
        text = self.read(DOCUMENT).tobytes()
        try:
            document = json.loads(text.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ModelFormatError(f"its document is not JSON: {error}") from None
        if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
            raise ModelFormatError("it is not a file of tinyae's: its document says otherwise")
        version, writer = document.pop("format_version", None), document.pop("tinyae", None)
        if type(version) is not int or version < 1 or not isinstance(writer, str):
            raise ModelFormatError("its document does not say which version of the format it is")
        if version > FORMAT_VERSION:
            raise ModelFormatError(
                f"it is of format {version}, written by tinyae {writer[:40]!r}; this is tinyae "
                f"{__version__}, which reads formats up to {FORMAT_VERSION}"
            )
        self.version = version
        return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it holds {name}")
