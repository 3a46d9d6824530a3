"""What people have where an array is wanted: made one, or refused with what to do instead."""

import collections
import importlib
import pathlib
import types

import numpy as np
import pytest

import tinyae as tae
from tests.support.input_cases import Boxed, Column, Sparse, Table
from tinyae.checks.arrays import admit

X = np.random.default_rng(0).random((6, 4))


class Loader:
    """As PyTorch's DataLoader, or a tf.data.Dataset: batches, one after the other."""

    def __iter__(self):
        yield X

    def __len__(self):
        return 1


class Dataset:
    """As PyTorch's Dataset: samples by number, and an end that nobody may look for."""

    def __getitem__(self, i):
        raise AssertionError("a sample was asked for")

    def __len__(self):
        return 6


class Tensor(Boxed):
    """As a tensor that belongs to a graph, or to another device."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")

    def detach(self):
        return self


class Lazy:
    """As a LazyFrame of Polars."""

    columns = ("a", "b")

    def lazy(self):
        return self

    def collect(self):
        raise AssertionError("the table was computed")


STACK = r"np.stack\(list\(x\)\)"


def batches():
    yield X


class Batches:
    """As Keras's sequences of batches are."""

    def __len__(self):
        return 2

    def __getitem__(self, place):
        return X


REFUSED = {
    "text": ("x.dat", r"but got 'x.dat'; read a file first"),
    "a path": (pathlib.Path("x.dat"), "but got a .*Path; read a file first"),
    "bytes": (b"\x00\x01", "but got b.*; read a file first"),
    "nothing": (None, "but got None$"),
    "a dict": ({"a": X}, "but got a dict; choose one of its entries"),
    "a dict of a kind": (collections.OrderedDict(a=X), "an OrderedDict; choose one"),
    "a set": ({1.0, 2.0}, "but got a set, which has no order"),
    "a sparse matrix": (Sparse(), r"but got a Sparse, which is sparse; pass x.toarray\(\)"),
    "a loader": (Loader(), rf"but got a Loader, which hands out .* {STACK}"),
    "a data set": (Dataset(), rf"but got a Dataset, which hands out .* {STACK}"),
    "a generator": ((row for row in X), rf"but got a generator, .* {STACK}"),
    "an iterator": (map(list, X), rf"but got a map, .* {STACK}"),
    "views of a dict": ({"a": X}.values(), rf"but got a dict_values, .* {STACK}"),
    "a tensor": (Tensor(X), r"cannot read this Tensor; pass x.detach\(\).cpu\(\).* \(Can't call"),
    "a lazy table": (Lazy(), r"but got a Lazy, a table .*; pass x.collect\(\)"),
    "a layer": (tae.Dense(2), "but got a Dense$"),
    "a class": (np.ndarray, "but got a type$"),
    "rows of two lengths": ([[1, 2], [3]], "one rectangular array .* different shapes"),
    "arrays of two lengths": ([X, X[:2]], "one rectangular array .* different shapes"),
    "arrays as objects": (np.array([X[0], X[0, :2]], object), "holds a sequence in row 0"),
    "objects": (X.astype(object), r"numbers as Python objects; .* \.astype\(float\)"),
    "huge integers": ([[10**30, 1]], r"numbers as Python objects; .* \.astype\(float\)"),
    "objects of which one is text": ([[1, 2], [3, len]], r"row 1, column 1; .* \.astype\(float\)"),
    "None": ([[1.0, None]], r"no value in row 0, column 1; .* \.astype\(float\)"),
    "numbers as text": ([["1", "2"]], r"holds text; .* \.astype\(float\)"),
    "numbers as bytes": (np.array([[b"1"]]), r"holds bytes; .* \.astype\(float\)"),
    "complex": (X.astype(complex), "holds complex numbers; pass x.real"),
    "dates": (np.zeros((2, 2), "M8[s]"), "holds dates; make them numbers"),
    "times": (np.zeros((2, 2), "m8[s]"), "holds spans of time; make them numbers"),
    "records": (np.zeros(3, "f4,f4"), "holds records; stack their fields"),
    "a .npy path": ("part0.npy", r"'part0.npy'; a list of paths of .npy files .* rows: \[path\]"),
    "paths of .npz": (["a.npz", "b.npz"], r"x\[0\] is 'a.npz': save its array with np.save first"),
    "paths of .csv": (
        ["a.npy", pathlib.Path("b.csv")],
        r"x\[1\] is 'b.csv': save its array with np.save",
    ),
    "a generator function": (
        batches,
        r"a function, .* called: .* fit\(x\(\), steps_per_epoch=...\)",
    ),
    "batches one by one": (
        batches(),
        r"fit\(iter\(x\), steps_per_epoch=...\) .*, partial_fit of a PCA",
    ),
    "a sequence of batches": (
        Batches(),
        r"for i in itertools.count\(\)\), steps_per_epoch=len\(x\)",
    ),
    "masked": (np.ma.masked_less(X, 0.5), "must have no masked values"),
    "masked rows": (list(np.ma.masked_less(X, 0.5)), "must have no masked values"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_array_is_refused_with_what_to_do(case):
    data, message = REFUSED[case]
    with pytest.raises(ValueError, match=f"^x .*{message}") as error:
        admit(data, "x")
    assert "dtype is" not in str(error.value)


# Tables of columns

Int64, boolean = (types.SimpleNamespace(name=name) for name in ("Int64", "boolean"))
FLOATS = Column([0.5, 1.5, -2.0], np.dtype("f8"))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([FLOATS, Column([True, False, True], np.dtype(bool))], [[0.5, 1], [1.5, 0], [-2, 1]]),
        ([FLOATS, Column([True, False, True], boolean)], [[0.5, 1], [1.5, 0], [-2, 1]]),
        ([FLOATS, Column([3, 4, 5], Int64)], [[0.5, 3], [1.5, 4], [-2, 5]]),
        ([Column([3, 4, 5], Int64)] * 2, [[3, 3], [4, 4], [5, 5]]),
        ([FLOATS], [[0.5], [1.5], [-2]]),
    ],
)
def test_a_table_is_read_column_by_column(columns, expected):
    found = admit(Table(dict(enumerate(columns))), "x")
    np.testing.assert_array_equal(found, expected)
    assert found.dtype.kind in "if"


class NAType:
    """As pandas' NA, which is neither equal nor unequal to anything."""

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")

    def __eq__(self, other):
        return self

    __hash__ = object.__hash__


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (Column([3, NAType(), 5], Int64), "column 'age' holds no value in row 1"),
        (Column([3, 4, None], Int64), "column 'age' holds no value in row 2"),
        (Column([3.0, 4.0, np.nan], np.dtype("f8")), "column 'age' holds NaN or no value in row 2"),
        (Column(["3", "b", "c"], object), "column 'age' holds '3' in row 0; .*astype"),
        (Column([3, 4, 5], np.dtype(object)), r"column 'age' holds numbers as .*astype\(float\)"),
        (Column(["3", "b", "c"], Int64), "column 'age' holds text"),
        (Column([0, 0, 0], np.dtype("M8[s]")), "column 'age' holds dates"),
        (Column([1j, 0, 0], np.dtype(complex)), "column 'age' holds complex numbers"),
    ],
)
def test_a_column_that_holds_no_numbers_is_named(column, message):
    with pytest.raises(ValueError, match=rf"^x must .*{message}"):
        admit(Table({"a": Column([True, False, True], np.dtype(bool)), "age": column}), "x")


def real_tables():
    """The same in the libraries that are here: their tables, by name."""
    for name in ("pandas", "polars"):
        if importlib.util.find_spec(name):
            library = importlib.import_module(name)
            yield pytest.param(library, id=name)


@pytest.mark.parametrize("library", [Table, *real_tables()])
def test_tables_of_the_libraries_that_are_here(library):
    columns = {"a": [0.5, 1.5], "b": [True, False], "c": [3, 4]}
    if library is Table:
        table = Table({name: Column(each, np.array(each).dtype) for name, each in columns.items()})
    else:
        table = library.DataFrame(columns)
    np.testing.assert_array_equal(admit(table, "x"), [[0.5, 1, 3], [1.5, 0, 4]])
    if library is Table:
        return
    gap = library.DataFrame({**columns, "d": library.Series([True, None], dtype=None)})
    with pytest.raises(ValueError, match=r"^x must .* column 'd' holds .*no value in row 1"):
        admit(gap, "x")
    words = library.DataFrame({**columns, "d": ["p", "q"]})
    with pytest.raises(ValueError, match=r"^x must .* column 'd' holds (text|'p')"):
        admit(words, "x")
    if library.__name__ == "pandas":
        nullable = table.convert_dtypes()
        np.testing.assert_array_equal(admit(nullable, "x"), [[0.5, 1, 3], [1.5, 0, 4]])
        twice = library.concat([table, table], axis=1)  # two columns of each name
        assert admit(twice, "x").shape == (2, 6)
        floats = library.DataFrame(X)
        assert np.shares_memory(admit(floats, "x"), floats.to_numpy())


def test_sparse_matrices_of_scipy_where_it_is_here():
    kinds = [Sparse]
    if importlib.util.find_spec("scipy"):
        sparse = importlib.import_module("scipy.sparse")
        kinds += [lambda kind=kind: kind(X) for kind in (sparse.csr_matrix, sparse.coo_array)]
    for kind in kinds:
        with pytest.raises(ValueError, match=r"which is sparse; pass x.toarray\(\)"):
            admit(kind(), "x")
