"""What training leaves behind in a model: its figures, and where it stands."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

from ..checks.arguments import MOST_COUNTED, whole
from ..checks.attributes import Checked
from ..checks.hints import no_attribute, unknown
from ..checks.tables import figure, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass
class Progress(Checked):
    """Where a model's training stands; kept from `fit` to `fit`."""

    closed: ClassVar = True

    checks: ClassVar = dict.fromkeys(
        ("epoch", "step", "pass_", "position", "optimizer_step"),
        lambda name, count: whole(name, count, least=0, most=MOST_COUNTED),
    )

    epoch: int = 0  # epochs finished
    step: int = 0  # mini-batches trained on, which noise and dropout depend on
    pass_: int = 0  # passes over the data finished
    position: int = 0  # rows of the present pass that have been visited
    optimizer_step: int = 0  # steps that the present optimizer has taken


class History(dict[str, list[float]]):
    """Figures by epoch: a dict of lists.

    ``loss`` is ``reconstruction`` plus ``penalty``, each the mean over the epoch's mini-batches
    while the parameters were changing; the same with ``val_`` in front is measured on the
    validation data after the epoch. ``seconds`` is the time it took. Where a schedule or a callback
    changes it, ``learning_rate`` is that of the epoch's last step.

    It is shown as a table of a line for each: ``dict(history)`` shows all numbers.

    See Also
    --------
    Autoencoder.fit : Returns one.
    plot.history : Draws one.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> ae = tae.Autoencoder([tae.Dense(1)], [tae.Dense(2)])
    >>> history = ae.fit(np.eye(2), epochs=3, verbose=0)
    >>> sorted(history), len(history["loss"])
    (['loss', 'penalty', 'reconstruction', 'seconds'], 3)
    """

    def append(self, logs: Mapping[str, float]) -> None:
        """Add one epoch's figures, the `logs`; those that are missing are NaN."""
        self._set(logs, max(map(len, self.values()), default=0) + 1)

    def amend(self, logs: Mapping[str, float]) -> None:
        """Set figures of the last epoch from `logs`; one that is new here was NaN until now."""
        self._set(logs, max(map(len, self.values())))

    def _set(self, logs: Mapping[str, float], epochs: int) -> None:
        for key in [*self, *logs]:
            figures = self.setdefault(key, [])
            figures.extend([float("nan")] * (epochs - len(figures)))
        for key, value in logs.items():
            self[key][-1] = value

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise ValueError(f"a History has no {name} to assign to: history[{name!r}] is a list")
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name in self:
            raise unknown(f"History has no attribute {name!r}; in tinyae: history[{name!r}]")
        raise no_attribute(self, name)

    def __missing__(self, key: str) -> Any:
        hint = "; pass validation_data to fit" if str(key).startswith("val_") else ""
        has = ", ".join(self) or "none yet"
        raise KeyError(f"{key!r} is no figure of the history, which has {has}{hint}")

    def copy(self) -> History:
        """Another history, with lists of its own."""
        return type(self)((name, copy.copy(figures)) for name, figures in self.items())

    __copy__ = copy

    def check(self) -> None:
        """Refuse what is no list of numbers, by its last: everyone may write into a dict."""
        for name, figures in self.items():
            if not isinstance(figures, list) or not isinstance((figures or [0])[-1], Real):
                raise ValueError(f"history must hold lists of numbers, but its {name} is not one")

    def plot(self, *, title: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the losses by epoch, as `tinyae.plot.history` does; needs matplotlib.

        The `title` and the axes `ax` are as there, and the axes are returned.
        """
        from ..plot.training import history

        return history(self, title=title, ax=ax)

    def __repr__(self) -> str:
        lists = {k: v for k, v in self.items() if isinstance(v, list) and _are_numbers(v)}
        rows: list[tuple[str, ...]] = [("", "first", "last", "smallest", "in epoch")]
        for key, values in lists.items():
            at = min(range(len(values)), key=lambda i: (math.isnan(values[i]), values[i]))
            cells = [figure(each) for each in (values[0], values[-1], values[at])]
            rows.append((key, *cells, f"{at + 1:,}"))
        epochs = max(map(len, lists.values()), default=0)
        return "\n".join([f"History of {epochs:,} epochs", *(table(rows) if lists else [])])


def _are_numbers(values: list) -> bool:
    """Whether there are any, and all are numbers: who may write into a dict may do so."""
    return bool(values) and all(isinstance(value, Real) for value in values)
