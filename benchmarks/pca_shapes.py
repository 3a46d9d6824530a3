"""tinyae's PCA beside scikit-learn's on data of many shapes: time, memory, accuracy.

    python -m benchmarks.pca_shapes [--rounds N] [SHAPE ...]

The data are MNIST and made ones whose variances fall as i^-1.6 above some noise. Both are fitted in
turns, in one process, on the same data and threads; memory is the peak above the data, each in a
process of its own. scikit-learn's solver is the one it chooses where its variances are as accurate
(1e-6 of their own size, 1e-5 for float32), else the fastest of its others that are, and the one it
chooses in a line of its own. The errors are the largest of a variance kept, relative to it, and of
what is not 0 by itself.

All components of the digits take about eight times as long as scikit-learn's own choice: pixels
that nearly depend on others have variances for which squares leave no digits, so that all samples
go through a QR, which takes two thirds of that time.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.harness import memory
from benchmarks.workloads.catalogue import WORKLOADS
from benchmarks.workloads.data import data_for
from tinyae import PCA

TOLERANCE = {"float32": 1e-5, "float64": 1e-6}
LONGEST_SVD = 2000  # rows or columns of data whose singular values are found
MEGABYTE = 1 << 20


class Shape(NamedTuple):
    """What is fitted."""

    samples: int
    features: int
    components: int | None
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{self.samples}x{self.features}:{self.components or 'all'}:{self.dtype}"


SHAPES = [
    Shape(60_000, 784, 2),
    Shape(60_000, 784, 64),
    Shape(60_000, 784, None),
    Shape(60_000, 784, 64, "float64"),
    Shape(60, 3_000, 10),
    Shape(60, 3_000, None),
    Shape(60, 3_000, None, "float64"),
    Shape(1_348, 2_914, 100),
    Shape(1_348, 2_914, 100, "float64"),
    Shape(103, 207_400, 10),
    Shape(103, 207_400, 10, "float64"),
    Shape(5_000, 5_000, 10),
    Shape(5_000, 5_000, 10, "float64"),
    Shape(10_000, 1_500, 10),
    Shape(2_000, 10_000, 20),
    Shape(200, 10, 2, "float64"),
    Shape(500, 50, 5, "float64"),
    Shape(20_000, 200, 20, "float64"),
]


def data(shape: Shape) -> np.ndarray:
    """The digits for their shape, else made samples."""
    if shape[:2] == (60_000, 784):
        return data_for(WORKLOADS["pca2"]).astype(shape.dtype)
    random, count = np.random.default_rng(0), min(400, *shape[:2])
    x = random.standard_normal((shape.samples, count)) / np.arange(1, count + 1) ** 0.8
    x = x @ random.standard_normal((count, shape.features))
    x += 0.05 * random.standard_normal(x.shape)
    return (x + 0.5).astype(shape.dtype)


def true_variances(x: np.ndarray) -> np.ndarray:
    """By singular values, or by eigenvalues where those would take minutes."""
    centred = x - x.mean(axis=0, dtype=np.float64)
    if min(x.shape) <= LONGEST_SVD:
        return np.linalg.svd(centred, compute_uv=False) ** 2 / (len(x) - 1)
    return np.linalg.eigvalsh(centred.T @ centred)[::-1] / (len(x) - 1)


def model(shape: Shape, solver: str):
    """An unfitted PCA: tinyae's, or scikit-learn's with that solver."""
    if solver == "tinyae":
        return PCA(shape.components)
    from sklearn.decomposition import PCA as Peer

    return Peer(shape.components, svd_solver=solver, random_state=0)


def error(found: np.ndarray, truth: np.ndarray) -> float:
    """The largest, of variances that are more than rounding."""
    truth = truth[: len(found)]
    there = truth > 1e-14 * truth[0]
    return float(np.abs(found[there] / truth[there] - 1).max())


def seconds(fitted, x: np.ndarray) -> float:
    """Of one fit."""
    began = time.perf_counter()
    fitted.fit(x)
    return time.perf_counter() - began


def peer_solver(shape: Shape, x: np.ndarray, truth: np.ndarray) -> tuple[str, str]:
    """scikit-learn's solver to compare with, and what it would have chosen."""
    own = model(shape, "auto").fit(x)
    if error(own.explained_variance_, truth) <= TOLERANCE[shape.dtype]:
        return "auto", own._fit_svd_solver
    found = {}
    for solver in ("full", "covariance_eigh"):
        if solver == own._fit_svd_solver or (solver == "covariance_eigh" and shape.features > 3000):
            continue
        other = model(shape, solver)
        took = seconds(other, x)
        if error(other.explained_variance_, truth) <= TOLERANCE[shape.dtype]:
            found[solver] = took
    return min(found, key=found.__getitem__, default="auto"), own._fit_svd_solver


def peak(shape: Shape, solver: str) -> float:
    """Megabytes above the data, in a process of its own."""
    command = [sys.executable, "-m", __spec__.name, "--peak", solver, str(shape)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def print_peak(shape: Shape, solver: str) -> None:
    """The same, in that process: what is imported and set up once does not count."""
    x = data(shape)
    random = np.random.default_rng(0)
    PCA(2).fit(random.standard_normal((40_000, 300)).astype(shape.dtype))  # all threads have begun
    model(Shape(1, 1, 2), solver).fit(random.random((400, 300)).astype(shape.dtype))
    before = memory.reset_peak()
    model(shape, solver).fit(x)
    print((memory.peak() - (before or 0)) / MEGABYTE)


def rows(shape: Shape, rounds: int) -> Iterator[str]:
    """The lines of the table: one, and where scikit-learn's own choice is off, one for that."""
    x = data(shape)
    truth = true_variances(x)
    solver, chosen = peer_solver(shape, x, truth)
    for each in dict.fromkeys((solver, "auto")):
        yield row(shape, rounds, x, truth, each, chosen)


def row(
    shape: Shape, rounds: int, x: np.ndarray, truth: np.ndarray, solver: str, chosen: str
) -> str:
    """A line of the table."""
    models = {"tinyae": model(shape, "tinyae"), solver: model(shape, solver)}
    times: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(rounds + 1):  # each goes first in every second round; the first is a warm-up
        for name in sorted(models, reverse=bool(turn % 2)):
            times[name].append(seconds(models[name], x))
    ratio = median(b / a for a, b in zip(*(times[name][1:] for name in models), strict=True))
    ours, theirs = (1e3 * median(times[name][1:]) for name in models)
    wrong = [error(each.explained_variance_, truth) for each in models.values()]
    name = models[solver]._fit_svd_solver
    note = "" if name == chosen else f" ({chosen} is off by more)"
    if wrong[1] > TOLERANCE[shape.dtype]:
        note = " (its own choice, off by more)"
    bytes_ = [peak(shape, each) for each in models]
    return (
        f"| {shape.samples:,} × {shape.features:,} | {shape.components or 'all'} | {shape.dtype} "
        f"| {ours:.1f} ms | {theirs:.1f} ms | {ratio:.2f} | {bytes_[0]:.0f} | {bytes_[1]:.0f} "
        f"| {wrong[0]:.0e} | {wrong[1]:.0e} | {name}{note} |"
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    named = {str(shape): shape for shape in SHAPES}
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=f"of {', '.join(named)}")
    parser.add_argument("--rounds", type=int, default=7, help="default: 7")
    parser.add_argument("--peak", metavar="SOLVER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [name for name in options.shapes if name not in named]
    if unknown or options.rounds < 1:
        parser.error(f"no such shape: {unknown[0]}" if unknown else "--rounds must be at least 1")
    if options.peak:
        print_peak(named[options.shapes[0]], options.peak)
        return 0
    print(
        "| data | k | | tinyae | scikit-learn | ratio | MB | its MB | error | its error | solver |"
    )
    print("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    for shape in [named[name] for name in options.shapes] or SHAPES:
        for line in rows(shape, options.rounds):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
