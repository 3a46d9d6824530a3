"""IDX files made for tests, and how much memory a call takes."""

import struct
import tracemalloc
from pathlib import Path

from tinyae import datasets

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
PAIR = bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 30, 40])


def header(code, shape):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


def idx_bytes(array):
    code = CODES[array.dtype.str[1:]]
    return header(code, array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def load_bytes(folder, content):
    file = Path(folder, "some-file")
    file.write_bytes(content)
    return datasets.load_idx(file)


def array_or_refusal(folder, content):
    """The array, or None where the file is refused as it should be: by its name."""
    try:
        return load_bytes(folder, content)
    except ValueError as error:
        if "some-file" not in str(error):
            raise
        return None


def peak_memory(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
