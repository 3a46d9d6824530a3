"""What every contender keeps to.

For each task ("train", "encode" or "pca") that it can do it has a class, its part, with

- ``__init__(workload, data, weights)``: what `benchmarks.workloads` makes, as NumPy arrays;
- ``run(count)``: do it `count` times (steps of Adam over the mini-batches in turn, calls or fits)
  and come back when all is done;
- ``check()``: what must agree with tinyae's: the losses of 20 steps of plain gradient descent at
  1e-3 from the given weights; the codes; or for each component its variance, then its direction;
- ``stretch``, where it is not 1: `run` is always given a multiple of it.

Beside them each module has ``touch()``: the library's smallest piece of work, with which it imports
and sets up what it puts off until it is used.
"""

import numpy as np

from benchmarks.workloads.kinds import Training, all_dense

CHECKED_STEPS, RATE = 20, 1e-3


def stretch(workload: Training, batches: np.ndarray, most: int) -> int:
    """How many steps make a call long enough to cost nothing itself, and far below a second."""
    numbers = 2_000_000 if all_dense(workload) else 200_000
    return max(1, min(most, numbers // batches[0].size))
