"""Functions of one's own that name all sorts of things in their file."""

import functools
import math
from math import sqrt
from types import SimpleNamespace

import numpy
import numpy as np
from numpy.typing import NDArray

import tinyae

ALPHA = 1.5
BETA = np.sqrt(2.0)
BOUNDS = (-float("inf"), 2, ("nan", float("nan"), (True,)), ())
LIMIT = float("inf")
TABLE = np.ones(3)
PLACE = SimpleNamespace(slope=2.0)


def with_values(z):
    low, high, (name, nan, (flag,)), nothing = BOUNDS
    assert name == "nan"
    assert nan != nan
    assert flag is True
    assert nothing == ()
    return np.clip(z, low, min(high, LIMIT)) * BETA


def with_defaults(z, a=ALPHA, *, most=LIMIT, e=np.e, large=float("inf")):
    return a * np.minimum(z, min(most, large)) + e


def with_annotations(z: NDArray, a: "Unknown" = 2) -> NDArray:  # noqa: F821
    def inner(b):
        return a * b

    return inner(z)


def with_imports(z):
    import math

    return z * math.pi


class Inside:
    @staticmethod
    def static(z):
        """Indented, and decorated."""
        return ALPHA * z

    def indented(z):
        return with_values(z)


RIGHT = (
    *(with_values, with_defaults, with_annotations, with_imports),
    *(Inside.static, Inside.indented),
)


def with_math(z):
    return z * math.pi


def with_sqrt(z):
    return z * sqrt(2)


def with_numpy(z):
    return numpy.tanh(z)


def with_table(z):
    return z * TABLE[0]


def with_object(z):
    return z * PLACE.slope


def with_nothing(z):
    return z * NOWHERE  # noqa: F821


def with_tinyae(z):
    import tinyae.maths.plain as plain

    return plain.tanh(z)


def with_library(z):
    return tinyae.maths.plain.tanh(z)


@functools.cache
def cached():
    return 2


def with_cached(z):
    return z * cached()


def keep(function):
    return function


@keep
def decorated(z):
    return z


def with_decorated(z):
    return decorated(z)


@functools.wraps(with_values)
def wrapping(z):
    return z


alias = with_values


def with_alias(z):
    return alias(z)


def closure():
    a = 2

    def inner(z):
        return a * z

    return inner


MOVED = 1.0


def with_moved(z, a=MOVED):
    return a * z


MOVED = 2.0


def with_computed(z, a=2 * ALPHA):
    return a * z


def with_function(z, f=with_values):
    return f(z)


def renamed(z):
    return z


renamed.__name__ = "another"


WRONG = {
    with_math: r"function with_math: it names math, which is <module 'math'",
    with_sqrt: r"function with_sqrt: it names sqrt, which is <built-in function sqrt>",
    with_numpy: r"function with_numpy: it names numpy, which is <module 'numpy'.*only np",
    with_table: r"function with_table: it names TABLE, which is array",
    with_object: r"function with_object: it names PLACE, which is namespace",
    with_nothing: r"function with_nothing: it names NOWHERE, which its file does not have",
    with_tinyae: r"function with_tinyae: it imports tinyae",
    with_library: r"function with_library: it names tinyae",
    with_cached: r"function with_cached: it names cached, which is <functools",
    decorated: r"function decorated: it is decorated",
    with_decorated: r"function decorated: it is decorated",
    wrapping: r"function with_values: it is decorated",
    with_alias: r"function with_alias: it names alias, which is <function with_values",
    closure(): r"function inner: it uses a of the function around it",
    with_moved: r"function with_moved: a default argument names MOVED, which is 2.0 now",
    with_computed: r"function with_computed: a default argument names ALPHA",
    with_function: r"function with_function: a default argument names with_values",
    renamed: r"function another: its text is no def of that name",
    functools.partial(np.power, 2): r"copies functions written with def, but got functools.partial",
}


def encode(z):
    return z


def reconstruct(z):
    return z


def logits(z):
    return z


def weights(z):
    return z


def Path(z):
    return z


def h(z):
    return 2 * z


def x(z):
    return z


def sum(z):
    return z


NAMED = (encode, reconstruct, logits, weights, Path, h, x, sum)
