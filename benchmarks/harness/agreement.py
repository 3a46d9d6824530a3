"""Whether what a contender computes is what tinyae computes."""

import numpy as np

# Of the losses, of the codes, and of variances and components.
TOLERANCES = {"train": (1e-4,), "encode": (1e-4,), "pca": (1e-3, 2e-2)}


def objection(answer: list, expected: list, task: str) -> str | None:
    """What is wrong with an answer, if anything is."""
    for got, want, tolerance in zip(answer, expected, TOLERANCES[task], strict=True):
        difference = disagreement(np.array(got), np.array(want), task)
        if not difference <= tolerance:
            return f"its answer differs from tinyae's by {difference:.1e}"
    return None


def disagreement(got: np.ndarray, want: np.ndarray, task: str) -> float:
    """The largest difference, relative to the largest number expected.

    Losses and variances each to their own; directions without their sign.
    """
    if got.shape != want.shape:
        return float("inf")
    if task == "pca" and got.ndim == 2:
        return float(np.abs(1 - np.abs((got * want).sum(axis=1))).max())
    scale = np.abs(want) if got.ndim == 1 else np.abs(want).max()
    return float(np.abs((got - want) / scale).max())
