"""Rotations that make rows orthogonal: singular values that are each right to their own size."""

import numpy as np

MOST_SWEEPS = 40  # each makes the cosines that are left about as small as their squares
ORTHOGONAL = 1e-9  # cosine: once a sweep has turned no pair further, its square is rounding


def orthogonal_rows(rows: np.ndarray) -> np.ndarray:
    """An orthogonal matrix times `rows` (r, p), in which no two rows share a direction.

    Two rows a and b become c a + s b and c b − s a, whose product is 0 where t = s / c solves
    t² + 2 ζ t = 1, 2 ζ = (|a|² − |b|²) / (a · b). However much longer one row is, the short one's
    digits stay: what is added to it is of its own size (J. Demmel and K. Veselić, "Jacobi's method
    is more accurate than QR", 1992). Pairs that have no row in common turn at once.
    """
    count = len(rows) + len(rows) % 2
    rows = np.concatenate([rows, np.zeros((count - len(rows), rows.shape[1]))])
    order = np.arange(count)
    for _ in range(MOST_SWEEPS):
        worst = 0.0
        for _ in range(count - 1):
            first, second = order[: count // 2], order[count // 2 :]
            a, b = rows[first], rows[second]
            cosine, t = _turn(a, b)
            worst = max(worst, float(np.abs(cosine).max()))
            c = 1 / np.hypot(1, t)
            rows[first], rows[second] = c * (a + t * b), c * (b - t * a)
            # the first stays, the others move on by one seat around the table
            ring = np.roll(np.concatenate([first[1:], second[::-1]]), 1)
            order = np.concatenate(
                [order[:1], ring[: count // 2 - 1], ring[count // 2 - 1 :][::-1]]
            )
        if worst <= ORTHOGONAL:
            break
    return rows


def lengths(rows: np.ndarray) -> np.ndarray:
    """The length of each row, shape (r, 1): no square overflows or is lost."""
    largest = np.abs(rows).max(axis=1, keepdims=True)
    largest[largest == 0] = 1
    return largest * np.sqrt(np.square(rows / largest).sum(axis=1, keepdims=True))


def _turn(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cosine between each row of a and of b, and the tangent of the angle to turn them by."""
    long, short = lengths(a), lengths(b)
    both = (long > 0) & (short > 0)
    long, short = np.where(both, long, 1), np.where(both, short, 1)
    cosine = np.where(both, np.sum((a / long) * (b / short), axis=1, keepdims=True), 0)
    ratio = long / short
    zeta = (ratio - 1 / ratio) / 2 / np.where(cosine == 0, 1, cosine)
    t = np.where(zeta < 0, -1, 1) / (np.abs(zeta) + np.hypot(1, zeta))
    return cosine, np.where(cosine == 0, 0, t)
