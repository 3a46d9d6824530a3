"""Series: a few workloads that differ in one number, which grows.

The numbers: the batch, the width, the size of the images and the number of samples.
"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.workloads.catalogue import mirrored, sigmoid, sparse
from benchmarks.workloads.kinds import Training


@dataclass(frozen=True)
class Series:
    """Workloads that differ in one number.

    Attributes
    ----------
    about : str
        What is timed.
    points : tuple of int
    workload : callable
        Gives the workload for a point.
    epoch : bool
        Whether a whole epoch is timed, instead of a step.
    """

    about: str
    points: tuple[int, ...]
    workload: Callable[[int], Training]
    epoch: bool = False


def wide(units: int) -> Training:
    """n-n/4-n on noise."""
    layers = mirrored([units, units // 4], "relu")
    return Training(f"width {units}", layers, 0, 64, "mse", "noise", (units,))


def images(size: int) -> Training:
    """A small convolutional model on square images of noise."""
    layers = (
        *(("conv", 8, 3, 1, "relu"), ("pool",), ("conv", 4, 3, 1, "relu")),
        *(("conv", 8, 3, 1, "relu"), ("up",), ("conv", 1, 3, 1, "sigmoid")),
    )
    return Training(f"images {size}", layers, 2, 32, "bce", "noise", (size, size, 1))


SERIES = {
    "batch": Series("a step of sigmoid", (32, 128, 512, 1024), lambda n: sigmoid(n, f"batch {n}")),
    "width": Series("a step of n-n/4-n, batch 64", (128, 512, 1024, 2048), wide),
    "image side": Series("a step of a small conv model, batch 32", (8, 16, 32, 64), images),
    "samples": Series(
        "an epoch of sparse",
        (960, 7680, 59968),
        lambda n: sparse(n // 64, f"samples {n}"),
        epoch=True,
    ),
}
