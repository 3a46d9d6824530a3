"""Eigenvectors of symmetric matrices: all of them, or the first few by block Lanczos."""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np

from ..system.threads import BLAS_THREADS
from .jacobi import lengths

FEW = 28  # a matrix that many times as large as there are vectors wanted is solved by Lanczos
ONE_THREAD = 2000  # up to this size a second thread of BLAS waits longer than it helps
RESIDUAL = 1e-8  # the longest, relative to its eigenvalue
EXTRA = 4  # vectors beside those wanted, so that the last of them converges like the others
BREAKDOWN = 1e-10  # relative length of a new direction that would be rounding


def of_matrix(matrix: np.ndarray, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues that are 0 or more, the largest first, and vectors in rows.

    `count` at least, if so many are not 0 because a row is; without, all of these.
    """
    there = np.flatnonzero(np.diag(matrix))
    if 0 < len(there) < len(matrix):  # such as pixels that are 0 in all images
        values, part = of_matrix(matrix[np.ix_(there, there)], count)
        vectors = np.zeros((len(part), len(matrix)))
        vectors[:, there] = part
        return values, vectors
    few = count is not None and count * FEW <= len(matrix)
    with one_thread(0 if few else len(matrix)):
        if few and (found := largest(lambda b: b @ matrix, len(matrix), count or 1)) is not None:
            return found
        values, vectors = np.linalg.eigh(matrix)
    return np.maximum(values[::-1], 0.0), vectors.T[::-1]


def one_thread(size: int) -> AbstractContextManager[None]:
    """While a matrix of that size is solved by LAPACK."""
    return BLAS_THREADS.hold(1) if size <= ONE_THREAD else contextlib.nullcontext()


def largest(
    product: Callable[[np.ndarray], np.ndarray],
    size: int,
    count: int,
    most: int | None = None,
) -> tuple[np.ndarray, np.ndarray] | None:
    """The `count` largest eigenvalues, with eigenvectors in rows; or None if they are not certain.

    The rows Q of a basis grow by the products of its last block with the matrix A, made orthogonal
    to all that are there. Then T = Q A Q' is nearly all of A where its eigenvalues are large, and
    of an eigenvector u of T with the value θ, v = Q'u, the residual A v - θ v is known: an
    eigenvalue of A is as near to θ as it is long, and the angle to its eigenvector no more than its
    length over the gap. A block has more rows than there are vectors wanted, so that none of
    several of one eigenvalue is passed over (G. Golub and R. Underwood, "The block Lanczos method
    for computing eigenvalues", 1977).

    `product` turns rows b, shape (r, size), into b A. It gives up after `most` blocks, or with half
    as many directions as there are.
    """
    width = count + EXTRA
    most = min(most or size, size // width // 2)
    if most == 0:
        return None
    basis = np.empty((most * width, size))
    block = np.random.default_rng(0).standard_normal((size, width))
    basis[:width] = np.linalg.qr(block)[0].T
    small = np.zeros((most * width, most * width))
    due = 2 * width  # to look whether it is enough
    for end in range(width, most * width + 1, width):
        known, last = basis[:end], slice(end - width, end)
        image = product(basis[last])
        within = image @ known.T
        image -= within @ known
        again = image @ known.T  # twice is enough to be orthogonal to the last digit
        image -= again @ known
        small[last, :end] = within + again
        following, rest = np.linalg.qr(image.T)
        shortest = np.abs(np.diag(rest)).min()
        finished = end == len(basis) or shortest <= BREAKDOWN * np.diag(small).max()
        if finished or end >= due:
            values, vectors = np.linalg.eigh(small[:end, :end])  # which reads the lower half
            values, vectors = values[: -count - 1 : -1], vectors[:, : -count - 1 : -1]
            residual = lengths((rest @ vectors[last]).T)[:, 0]
            if (residual <= RESIDUAL * values).all():
                return values, vectors.T @ known
            due = end + end // 8
        if finished:
            return None
        basis[end : end + width] = following.T
    return None
