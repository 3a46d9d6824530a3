"""Arrays in every guise, and arrays that are none: each made of a plain one in float64."""

import os
import tempfile

import numpy as np


def with_value(value, x, dtype=np.float64):
    x = x.astype(dtype)
    x.flat[-2] = value
    return x


def masked(x):
    return np.ma.masked_greater(x, np.median(x))


def wider(x):
    return np.concatenate([x, x[..., :1]], axis=-1)


class Sparse:
    """As SciPy's matrices: NumPy makes an array of one object of it."""

    nnz = 1

    def toarray(self):
        return np.eye(1)


class Column:
    """As a column of a data frame, whose dtype may be none of NumPy's."""

    def __init__(self, values, dtype):
        self.values, self.dtype = values, dtype

    def __array__(self, dtype=None, copy=None):
        plain = isinstance(self.dtype, np.dtype)
        return np.array(self.values, self.dtype if plain else object)


class Table:
    """As a data frame of pandas: columns of different types, whose array is one of objects."""

    def __init__(self, columns):
        self.columns, self._columns = list(columns), list(columns.values())
        self.dtypes = [column.dtype for column in self._columns]
        self.iloc = self

    def __getitem__(self, place):
        rows, i = place
        assert rows == slice(None)
        return self._columns[i]

    def __len__(self):
        return len(self._columns[0].values)

    def __array__(self, dtype=None, copy=None):
        types = {str(column.dtype) for column in self._columns}
        whole = np.stack([np.array(column, object) for column in self._columns], axis=1)
        return whole.astype(self.dtypes[0]) if len(types) == 1 else whole


def table_of(x, last, dtype):
    """The columns of x, but for the last one, which is replaced."""
    x = x.reshape(len(x), -1)
    first = {f"c{i}": Column(x[:, i], x.dtype) for i in range(x.shape[1] - 1)}
    return Table({**first, "last": Column(list(last), dtype)})


BAD_VALUES = {
    "nan": lambda x: with_value(np.nan, x),
    "infinity": lambda x: with_value(np.inf, x),
    "minus infinity": lambda x: with_value(-np.inf, x, np.float32),
    "nan in float16": lambda x: with_value(np.nan, x, np.float16),
    "nan in big-endian": lambda x: with_value(np.nan, x, ">f8"),
    "too large": lambda x: with_value(np.finfo(np.longdouble).max, x, np.longdouble),
    "none": lambda x: x[:0],
    "object": lambda x: x.astype(object),
    "string": lambda x: x.astype(str),
    "bytes": lambda x: x.astype("S8"),
    "complex": lambda x: x.astype(complex),
    "dates": lambda x: np.zeros(x.shape, "datetime64[s]"),
    "times": lambda x: np.zeros(x.shape, "timedelta64[s]"),
    "records": lambda x: np.zeros(x.shape, [("a", "f4")]),
    "raw": lambda x: np.zeros(x.shape, "V4"),
    "ragged": lambda x: [[1.0] * 6, [1.0] * 5],
    "gaps": lambda x: [[1.0, None], [2.0, 3.0]],
    "masked": masked,
    "a mapping": lambda x: {"x": x},
    "words": lambda x: "x",
    "a number": lambda x: 3.0,
    "samples one by one": lambda x: iter(x),
    "sparse": lambda x: Sparse(),
    "a table with a gap": lambda x: table_of(x, last=[None] * len(x), dtype=object),
}
BAD_SHAPES = {
    "fewer features": lambda x: x[..., :-1],
    "more features": wider,
    "no features": lambda x: x[..., :0],
    "another axis": lambda x: x[:, np.newaxis],
    "one axis less": lambda x: x[0],
    "flat": lambda x: x.reshape(-1),
}
BAD = {**BAD_VALUES, **BAD_SHAPES}


def memory_map(x, folder, mode):
    file, path = tempfile.mkstemp(".npy", dir=folder)
    os.close(file)
    np.save(path, x)
    return np.load(path, mmap_mode=mode)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def unaligned(x):
    buffer = np.empty(x.nbytes + 1, np.uint8)
    buffer[1:] = np.frombuffer(x.tobytes(), np.uint8)
    return buffer[1:].view(x.dtype).reshape(x.shape)


class Boxed:
    """As a data frame or another library's tensor: no array, but it gives one."""

    def __init__(self, x):
        self.x = x

    def __array__(self, dtype=None, copy=None):
        return self.x.astype(dtype or self.x.dtype)


GOOD = {
    "float32": lambda x, folder: x.astype(np.float32),
    "float16": lambda x, folder: x.astype(np.float16),
    "long double": lambda x, folder: x.astype(np.longdouble),
    "big-endian": lambda x, folder: x.astype(">f4"),
    "big-endian double": lambda x, folder: x.astype(">f8"),
    "Fortran order": lambda x, folder: np.asfortranarray(x),
    "every second row": lambda x, folder: np.repeat(x, 2, axis=0)[::2],
    "every second column": lambda x, folder: np.repeat(x, 2, axis=-1)[..., ::2],
    "backwards": lambda x, folder: np.flip(np.ascontiguousarray(np.flip(x))),
    "read-only": lambda x, folder: read_only(x),
    "broadcast": lambda x, folder: np.broadcast_to(x, (1, *x.shape))[0],
    "unaligned": lambda x, folder: unaligned(x),
    "lists": lambda x, folder: x.tolist(),
    "rows": lambda x, folder: tuple(x),
    "memory map": lambda x, folder: memory_map(x, folder, "r"),
    "writable memory map": lambda x, folder: memory_map(x.astype(np.float32), folder, "r+"),
    "mask without effect": lambda x, folder: np.ma.masked_array(x, mask=False),
    "boxed": lambda x, folder: Boxed(x),
    "bool": lambda x, folder: x > 0.5,
    **{
        dtype: lambda x, folder, dtype=dtype: (x > 0.5).astype(dtype)
        for dtype in ("uint8", "int64", ">i2")
    },
}
