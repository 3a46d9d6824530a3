"""PCA of the samples of many ranks: each learns from its own, and what they keep is merged."""

import functools
from collections.abc import Sequence

import numpy as np

from ..checks.arrays import admit
from ..ranks.alike import check_alike
from ..ranks.together import Ranks, interruptible, share
from .moments import Moments, merge, real, with_factor
from .solvers import Decomposition, as_scatter, decompose, learn
from .sparse import Rows, SparseRows, joined

Learned = tuple[Moments, Decomposition, np.dtype]


def learn_together(
    x: Rows, n_components: int | float | None, ranks: Ranks | None, sharded: bool
) -> Learned:
    """What `PCA.fit` keeps: of these samples, or of all ranks', where rank 0's is everyone's."""
    if ranks is None:
        own = learn(_two(x, len(x)), n_components, real(x), at_once=True)
        return _solved(own, n_components, real(x))
    alike = {"sharded": sharded, "n_components": n_components}
    alike["the number of features in x"] = x.shape[1]
    check_alike(ranks, alike if sharded else {**alike, "the number of samples in x": len(x)})
    double = ranks.agree(real(x) == np.float64)
    dtype = np.dtype(np.float64 if double else np.float32)
    rows = share(len(x), ranks, sharded)
    mine = SparseRows(x.matrix[rows]) if isinstance(x, SparseRows) else x[rows]
    try:
        with interruptible(ranks):
            kept = learn(mine, n_components, dtype)[0] if len(mine) else None
    except ValueError:
        admit(x, "x", None, np.float64)  # says in which row, if it is one
        raise
    ranks.agree()
    parts = [part for rank in range(ranks.size) if (part := ranks.of(rank, kept)) is not None]
    _two(x, sum(part.samples for part in parts))
    found = None
    if ranks.rank == 0:
        with interruptible(ranks):
            found = _solved(merged(parts, n_components, dtype), n_components, dtype)
    ranks.agree()
    learned: Learned = ranks.first(found)
    return learned


def _two(x: Rows, samples: int) -> Rows:
    if samples < 2:
        raise ValueError("x must hold at least 2 samples for a variance, but it holds 1")
    return x


def _solved(
    known: tuple[Moments, Decomposition | None], n_components: int | float | None, dtype: np.dtype
) -> Learned:
    data, found = known
    return data, found or decompose(data, n_components, dtype), dtype


def merged(
    parts: Sequence[Moments], n_components: int | float | None, dtype: np.dtype
) -> tuple[Moments, Decomposition | None]:
    """The moments of several sets of samples together, as if all had come in one."""
    samples = [part.matrix for part in parts if part.form == "rows"]
    others = [part for part in parts if part.form != "rows"]
    known = found = None
    if others and all(part.form == "scatter" for part in others):
        known, found = as_scatter(others, n_components, dtype) or (None, None)
    if others and known is None:
        known = functools.reduce(merge, map(with_factor, others))
    if samples:
        return learn(joined(samples, dtype), n_components, dtype, known)
    assert known is not None
    return known, found
