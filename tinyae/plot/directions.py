"""Directions in which to walk among codes: their numbers, or their principal directions."""

from typing import NamedTuple

import numpy as np

from ..checks.floating_point import quiet
from ..checks.tables import percent

MOST_DIRECTIONS = 24
DECOMPOSED = 1_000  # codes that principal directions are found from
MARGIN = 0.12  # of what is shown, beyond most of the codes


class Directions(NamedTuple):
    """A code is the origin plus a number times each direction."""

    name: str
    names: list[str]
    origin: np.ndarray  # (k,)
    directions: np.ndarray  # (m, k), of length 1, at right angles
    coordinates: np.ndarray  # (n, m), of the codes
    low: np.ndarray  # (m,): from here to there most of the codes lie
    high: np.ndarray


@quiet
def directions_of(codes: np.ndarray) -> list[Directions]:
    """What codes (n, k) can be shown along, the best first; of more than 24 numbers in part."""
    _, k = codes.shape
    found = []
    if k > 2:
        found.append(_principal(codes))
    if k <= MOST_DIRECTIONS:
        names = ["code"] if k == 1 else [f"code {i}" for i in range(k)]
        found.append(_along("the code's numbers", names, np.zeros(k), np.eye(k), codes))
    return found


def _principal(codes: np.ndarray) -> Directions:
    centre = codes.mean(axis=0)
    rows = np.linspace(0, len(codes) - 1, min(DECOMPOSED, len(codes))).astype(int)
    centred = codes[rows] - centre
    variances, directions = _leading(centred)
    count = max(2, int((variances > 1e-12 * variances[0]).sum()))
    directions = directions[:count]
    largest = np.abs(directions).argmax(axis=1)[:, np.newaxis]
    directions *= np.sign(np.take_along_axis(directions, largest, axis=1))
    shares = variances / max(float(np.square(centred).sum()), np.finfo(float).tiny)
    names = [f"direction {i + 1} ({percent(shares[i])})" for i in range(len(directions))]
    return _along("principal directions", names, centre, directions, codes)


def _leading(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first eigenvalues of X'X and their vectors as rows, by the smaller of X'X and XX'."""
    n, k = centred.shape
    most = min(MOST_DIRECTIONS, k)
    if k <= max(n, MOST_DIRECTIONS):
        values, vectors = np.linalg.eigh(centred.T @ centred)
        return values[::-1][:most], vectors.T[::-1][:most].copy()
    padded = np.vstack([centred, np.zeros((MOST_DIRECTIONS, k))])  # where samples are few
    values, vectors = np.linalg.eigh(padded @ padded.T)
    across = padded.T @ vectors[:, ::-1][:, :most]
    return values[::-1][:most], np.linalg.qr(across)[0].T.copy()


def _along(
    name: str, names: list[str], origin: np.ndarray, directions: np.ndarray, codes: np.ndarray
) -> Directions:
    coordinates = (codes - origin) @ directions.T
    low, high = np.percentile(coordinates, [0.5, 99.5], axis=0)
    margin = MARGIN / 2 * (high - low)
    margin[high == low] = np.maximum(0.5, 1e-3 * np.abs(low))[high == low]
    return Directions(name, names, origin, directions, coordinates, low - margin, high + margin)
