"""Mini-batches that an iterator hands out, one prepared while the step before it runs."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..network.history import Progress
from ..network.network import Samples
from .batches import Plan


def item_parts(item: Any) -> tuple[Any, ...]:
    """x, y and weights of what an iterator gave: x, or a tuple (x, y) or (x, y, w)."""
    if not isinstance(item, tuple):
        return item, None, None
    if len(item) not in (2, 3):
        raise ValueError(
            f"an iterator must give x, (x, y) or (x, y, w), but gave a tuple of {len(item)}"
        )
    return (*item, None)[:3]


class Stream:
    """What `Batches` is for arrays: epochs of so many items. Two are in memory at most.

    Parameters
    ----------
    items : iterator
    admit : callable ``(item) -> Samples``
    steps_per_epoch : int
    progress : Progress
        `commit` moves its steps on. Where the iterator stands is not known to it.
    """

    def __init__(
        self,
        items: Iterator[Any],
        admit: Callable[[Any], Samples],
        steps_per_epoch: int,
        progress: Progress,
    ):
        self._items, self._admit = items, admit
        self.steps_per_epoch, self.progress = steps_per_epoch, progress
        self._ready: list[Samples | Exception] = []  # or what is wrong with it
        self._done = 0  # steps done in the present epoch

    @property
    def epoch_share(self) -> float:
        """How much of the present epoch is done, from 0 to 1."""
        return self._done / self.steps_per_epoch

    def first(self) -> Samples:
        """The first mini-batch, which stays the next one."""
        plan = self.take(1, 1, 1, True)
        assert plan.data is not None
        return plan.data

    def fetch(self, ahead: int = 0) -> None:
        """Have the next mini-batch ready, or so many more; what goes wrong is said by `take`."""
        if len(self._ready) > ahead:
            return
        place = self._done + len(self._ready)
        step = f"step {self.progress.step + len(self._ready) + 1}"
        try:
            self._ready.append(self._admit(next(self._items)))
        except StopIteration:
            self._ready.append(
                ValueError(
                    f"the iterator ended before {step}, after {place % self.steps_per_epoch} of "
                    f"the {self.steps_per_epoch} mini-batches of its epoch; what was done is kept"
                )
            )
        except ValueError as error:
            self._ready.append(ValueError(f"the iterator's mini-batch for {step}: {error}"))
        except Exception as error:  # the iterator's own
            self._ready.append(error)

    def take(
        self, steps: int, rows: int, epochs: int, one_epoch: bool, after: Plan | None = None
    ) -> Plan:
        """The next mini-batch, alone, without moving on.

        Raises
        ------
        ValueError
            If there is none, or it cannot be trained on.
        """
        self.fetch()
        samples = self._ready[0]
        if isinstance(samples, Exception):
            del self._ready[0]
            raise samples
        n = len(samples.x)
        ends = [1] if self._done + 1 == self.steps_per_epoch else []
        return Plan(np.arange(n), np.array([0, n]), ends, samples)

    def commit(self, plan: Plan, steps: int) -> None:
        """Move on past the mini-batch, if its step was taken."""
        del self._ready[:steps]
        self.progress.step += steps
        self.progress.optimizer_step += steps
        self._done = (self._done + steps) % self.steps_per_epoch
