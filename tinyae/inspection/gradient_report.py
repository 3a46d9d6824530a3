"""What `check_gradients` has found: a row for each array, and what they say together."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from ..checks.tables import WIDTH, table


class GradientRow(NamedTuple):
    """What was found for one parameter array, the input, or the loss itself."""

    name: str  # such as "encoder[0].kernel"
    shape: tuple[int, ...]
    checks: int  # as many as numbers in the array, or random directions
    eager_error: float  # the largest relative error; NaN if not checked
    compiled_error: float
    kinks: int  # checks that met a kink; not in the errors
    verdict: str  # "passed", "failed", "inconclusive" or "frozen"

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        pair = (self.eager_error, self.compiled_error)
        errors = ["-" if math.isnan(error) else f"{error:.0e}" for error in pair]
        shape = "x".join(map(str, self.shape))
        return (self.name, shape, str(self.checks), *errors, str(self.kinks), self.verdict)


@dataclass(frozen=True, repr=False)
class GradientReport:
    """The result of `check_gradients`; prints as a table.

    Attributes
    ----------
    rows : tuple of GradientRow
        Parameter arrays in the model's order, the input, and for compiled models the loss.
    verdict : str
        "failed" if any row failed; else "inconclusive" if any row is; else "passed".
    passed : bool
        Whether the verdict is "passed".
    """

    rows: tuple[GradientRow, ...]

    @property
    def verdict(self) -> str:
        verdicts = {row.verdict for row in self.rows}
        return next((bad for bad in ("failed", "inconclusive") if bad in verdicts), "passed")

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"

    def __str__(self) -> str:
        titles = ("array", "shape", "checks", "eager", "compiled", "kinks", "verdict")
        lines = table([titles, *(row.cells() for row in self.rows)], alignment="<<>>>><")
        return "\n".join([*lines, self._conclusion()])

    def _conclusion(self) -> str:
        if self.verdict == "failed":
            failed = [row.name for row in self.rows if row.verdict == "failed"]
            others = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
            return f"failed: {failed[0][: WIDTH - 24]}{others}"
        kinks = sum(row.kinks for row in self.rows)
        advice = "; try other samples, or biases that are not zero" * (self.verdict != "passed")
        return f"{self.verdict}, kinks: {kinks}{advice}"

    __repr__ = __str__
