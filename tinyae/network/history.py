"""What training leaves behind in a model: its figures, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass
class Progress:
    """Where a model's training stands; kept from `fit` to `fit`."""

    epoch: int = 0  # epochs finished
    step: int = 0  # mini-batches trained on, which noise and dropout depend on
    pass_: int = 0  # passes over the data finished
    position: int = 0  # rows of the present pass that have been visited
    optimizer_step: int = 0  # steps that the present optimizer has taken


class History(dict[str, list[float]]):
    """Figures by epoch: a dict of lists.

    ``loss`` is ``reconstruction`` plus ``penalty``, each the mean over the epoch's mini-batches
    while the parameters were changing; the same with ``val_`` in front is measured on the
    validation data after the epoch. ``seconds`` is the time it took.
    """

    def append(self, logs: Mapping[str, float]) -> None:
        """Add one epoch's figures; one that is new here was NaN until now."""
        length = max(map(len, self.values()), default=0)
        for key in [*self, *logs]:
            figures = self.setdefault(key, [])
            figures.extend([float("nan")] * (length - len(figures)))
            if len(figures) == length:
                figures.append(logs.get(key, float("nan")))

    def plot(self, *, title: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Draw the losses by epoch, as `tinyae.plot.history` does; needs matplotlib."""
        from ..plot.training import history

        return history(self, title=title, ax=ax)
