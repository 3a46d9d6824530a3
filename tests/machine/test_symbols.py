"""Kernels that compiled code knows by a symbol: once in memory, whoever calls, and from whichever
cache the caller comes."""

import json

import numpy as np
import pytest

from tests.support.fresh_python import run_python
from tests.support.jit import needs_jit
from tinyae.machine import symbols
from tinyae.machine.jit import kernel, shared


@shared
def double(x, y):
    if x.size != y.size:
        raise ValueError("sizes differ")
    for i in range(x.size):
        y[i] = 2 * x[i]


@kernel
def quadruple(x, y):
    double(x, y)
    double(y, y)


def test_a_shared_kernel_computes_for_each_type_of_arguments():
    for dtype in ("float32", "float64", "int64"):
        y = np.empty(3, dtype)
        quadruple(np.arange(3).astype(dtype), y)
        assert y.tolist() == [0, 4, 8]


def test_what_it_raises_passes_through_its_callers():
    with pytest.raises(ValueError, match="sizes differ"):
        quadruple(np.zeros(3), np.zeros(2))


@needs_jit
def test_callers_hold_no_copy_of_it():
    quadruple(np.zeros(3), np.zeros(3))
    for code in quadruple.inspect_llvm().values():
        calls = [line for line in code.splitlines() if symbols.PREFIX in line]
        assert any("call" in line for line in calls)
        assert not any("define" in line for line in calls)
    for arguments in quadruple.signatures:
        needs = symbols.needs_of(quadruple.overloads[arguments])
        assert [need.name for need in needs] == [f"{__name__}.double"]


# A package of two modules, in a folder of its own; prints the result and what was loaded.
INNER = """
from tinyae.machine.jit import shared

@shared
def double(x, y):
    for i in range(x.size):
        y[i] = 2 * x[i]
"""
OUTER = """
from tinyae.machine.jit import kernel
from inner import double

@kernel
def twice(x, y):
    double(x, y)
"""
RUN = """
import json, sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, {folder!r})
import numpy as np
import outer, inner
y = np.empty(2)
outer.twice(np.ones(2), y)
hits = [sum(each.stats.cache_hits.values()) for each in (outer.twice, inner.double.kernel)]
print(json.dumps([y.tolist(), hits]))
"""


@needs_jit
def test_a_caller_from_the_cache_finds_it_or_has_it_compiled(tmp_path):
    for name, text in (("inner", INNER), ("outer", OUTER)):
        (tmp_path / f"{name}.py").write_text(text)
    cache = tmp_path / "cache"

    def run():
        code = RUN.format(folder=str(tmp_path))
        return json.loads(run_python(code, filters=(), NUMBA_CACHE_DIR=str(cache)))

    assert run() == [[2, 2], [0, 0]]
    assert run() == [[2, 2], [1, 1]]
    lost = list(cache.rglob("inner.double*"))
    assert lost
    for path in lost:
        path.unlink()
    assert run() == [[2, 2], [1, 0]]
    assert run() == [[2, 2], [1, 1]]


NUMBAS_OWN = """
import sys, warnings
sys.path.insert(0, {folder!r})
import numpy as np
with warnings.catch_warnings(record=True) as shown:
    warnings.simplefilter("always")
    import users
    y = np.empty(2)
    users.call(np.ones(2), y)
print(y.tolist(), [str(each.message)[:30] for each in shown])
"""


@needs_jit
def test_numbas_own_cache_keeps_no_code_that_needs_it(tmp_path):
    """In another process it would look for the symbol, and end there."""
    users = "import numba\nfrom outer import twice\n\n@numba.njit(cache=True)\ndef call(x, y):\n"
    users += "    twice(x, y)\n"
    for name, text in (("inner", INNER), ("outer", OUTER), ("users", users)):
        (tmp_path / f"{name}.py").write_text(text)
    for _ in range(2):
        code = NUMBAS_OWN.format(folder=str(tmp_path))
        out = run_python(code, filters=(), NUMBA_CACHE_DIR=str(tmp_path / "cache"))
        assert out.strip() == "[2.0, 2.0] ['Cannot cache compiled function']"
