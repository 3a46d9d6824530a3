"""The kernel decorator: the arithmetic that it compiles for is NumPy's."""

import numba
import numpy as np
import pytest
from numba import types

from tests.support.fresh_python import run_python
from tests.support.jit import needs_jit
from tinyae.layers import dense, pooling
from tinyae.machine import jit
from tinyae.tiles import matrices


@jit.kernel
def kinds(x, counts):
    """Count the NaNs, the infinities and the other numbers of x."""
    for i in range(x.size):
        if np.isnan(x[i]):
            counts[0] += 1
        elif np.isinf(x[i]):
            counts[1] += 1
        else:
            counts[2] += 1


@jit.kernel
def quotients(x, y, z):
    for i in range(x.size):
        z[i] = x[i] / y[i]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kernels_tell_nan_and_infinity_from_numbers(dtype):
    """Fast-math may assume that there are none, and then training could not see it diverge."""
    x, counts = np.array([1, np.nan, np.inf, -np.inf, 0, np.nan], dtype), np.zeros(3, int)
    kinds(x, counts)
    assert counts.tolist() == [2, 2, 2]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, where nothing is compiled
def test_division_by_zero_raises_nothing():
    x, y = np.array([1.0, -1.0, 0.0]), np.zeros(3)
    quotients(x, y, z := np.empty(3))
    np.testing.assert_array_equal(z, [np.inf, -np.inf, np.nan])


def test_without_the_jit_every_function_is_the_one_that_was_written():
    code = """
from tinyae.machine import jit

def function(x):
    return x

def never(*arguments):
    raise AssertionError("nothing is compiled")

made = [jit.kernel(function), jit.called(function), jit.inlined(function)]
made += [jit.machine_code(never)(function), jit.by_type(never)(function)]
print(all(each is function for each in made), vars(function))
"""
    assert run_python(code, NUMBA_DISABLE_JIT="1") == "True {}"


@jit.by_type(lambda x: (lambda x: 1) if isinstance(x, types.Integer) else (lambda x: 2))
def kind(x):
    """What kind of number it is."""
    return 1 if isinstance(x, int) else 2


@jit.kernel
def kinds_of(x, y):
    return kind(x), kind(y)


def test_what_is_compiled_may_depend_on_the_type():
    assert kinds_of(7, 7.0) == (kind(7), kind(7.0)) == (1, 2)


@needs_jit
def test_constants_in_calls_do_not_make_copies(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))  # compiled whenever this runs

    @jit.called
    def plus(x, y):
        return x + y

    @jit.kernel
    def plus_some(x):
        return plus(x, 1) + plus(x, 2) + plus(1, x)

    assert plus_some(3) == 13
    assert len(plus.signatures) == 1


def _write_seven(typing_context):
    return types.int64(), lambda context, *_: context.get_constant(types.int64, 7)


@jit.machine_code(_write_seven)
def seven():
    """7"""
    return 7


@jit.kernel
def twice_seven():
    return 2 * seven()


def test_machine_code_is_what_a_kernel_calls():
    assert twice_seven() == 14


@needs_jit
def test_what_only_compiled_code_may_call_says_so():
    for function in (matrices.turned, pooling.max_pooling, dense.forward):
        with pytest.raises(TypeError, match=r"can be called in kernels only"):
            function(np.ones((1, 1)))
