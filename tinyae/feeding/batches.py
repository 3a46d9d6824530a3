"""The order in which samples are visited."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..checks.sample_weights import row_totals, step_totals
from ..network.history import Progress
from ..network.network import Samples


class Whole(NamedTuple):
    """The mini-batches of which a stretch's are only a part, all arrays of shape (steps,)."""

    samples: np.ndarray  # how many they have
    positions: np.ndarray  # where the part's first sample stands among these
    totals: np.ndarray  # how many elements their loss is the mean of, or their weight


@dataclass
class Plan:
    """The mini-batches of one stretch."""

    rows: np.ndarray  # which samples, in order
    bounds: np.ndarray  # (steps + 1,) where in `rows` the mini-batches begin and end
    epoch_ends: list[int]  # after how many of the steps an epoch ends
    data: Samples | None = None  # of which they are rows, where it is not all of the data
    whole: Whole | None = None

    @property
    def sizes(self) -> np.ndarray:
        """How many samples each mini-batch has."""
        return np.diff(self.bounds) if self.whole is None else self.whole.samples


class Stretch(NamedTuple):
    """Consecutive mini-batches."""

    x: np.ndarray  # (rows, *input_shape)
    target: np.ndarray  # (rows, *output_shape)
    bounds: np.ndarray  # (steps + 1,) rows where the mini-batches begin and end
    first_step: int  # mini-batches trained on before
    optimizer_step: int = 0  # steps of the optimizer before
    weight: np.ndarray | None = None  # (rows,), or the target's shape
    whole: Whole | None = None
    rows: np.ndarray | None = None  # which of the samples, in order; without them just these

    @property
    def totals(self) -> np.ndarray:
        """How many elements each mini-batch's loss is the mean of, or their weight, (steps,)."""
        if self.whole is not None:
            return self.whole.totals
        size = self.target[:1].size
        if self.weight is None:
            return np.diff(self.bounds) * float(size)
        return step_totals(row_totals(self.weight, size), self.bounds)


class Batches:
    """Cuts passes over the data into mini-batches, a stretch of them at a time.

    Pass p visits the samples in the order `default_rng([seed, 1, p]).permutation(n)`. Without
    `steps_per_epoch` an epoch is one pass, and its last mini-batch may be smaller. With it an
    epoch is that many full mini-batches of the endless stream of passes.

    Parameters
    ----------
    n : int
        Samples.
    batch_size : int
    steps_per_epoch : int or None
    shuffle : bool
        False visits the samples in their own order in each pass.
    seed : int
    progress : Progress
        Where to begin; `take` leaves it alone, `commit` moves it on.
    """

    def __init__(
        self,
        n: int,
        batch_size: int,
        steps_per_epoch: int | None,
        shuffle: bool,
        seed: int,
        progress: Progress,
    ):
        self.n, self.batch_size, self.streaming = n, batch_size, steps_per_epoch is not None
        self.steps_per_epoch = steps_per_epoch or -(-n // batch_size)
        self.shuffle, self.seed = shuffle, seed
        self.progress = progress
        self._order_pass, self._order = -1, np.arange(n)
        self._done = 0  # steps done in the present epoch
        if progress.position >= n or (progress.position > 0 and not self.streaming):
            progress.pass_, progress.position = progress.pass_ + 1, 0
        # of its own: a callback may write into the model's
        self._pass, self._position = progress.pass_, progress.position

    def _pass_order(self, pass_: int) -> np.ndarray:
        if self.shuffle and pass_ != self._order_pass:
            rng = np.random.default_rng([self.seed, 1, pass_])
            self._order_pass, self._order = pass_, rng.permutation(self.n)
        return self._order

    @property
    def epoch_share(self) -> float:
        """How much of the present epoch is done, from 0 to 1."""
        return self._done / self.steps_per_epoch

    def take(
        self, steps: int, rows: int, epochs: int, one_epoch: bool, after: Plan | None = None
    ) -> Plan:
        """The next mini-batches, or those after a plan of the next ones, without moving on.

        At least one, at most `steps` and about `rows` rows, up to `epochs` epochs from here, and
        with `one_epoch` no further than the present epoch's end.
        """
        pieces: list[np.ndarray] = []
        sizes = [np.zeros(1, np.int64)]
        epoch_ends: list[int] = []
        pass_, position, done = self._place_after(after, len(after.bounds) - 1 if after else 0)
        most = left = max(1, min(steps, rows // self.batch_size))
        while left > 0 and len(epoch_ends) < (1 if one_epoch else epochs):
            count = min(left, self.steps_per_epoch - done)
            wanted = count * self.batch_size
            if not self.streaming:
                wanted = min(wanted, self.n - position)
            sizes.append(np.full(count, self.batch_size))
            sizes[-1][-1] = wanted - (count - 1) * self.batch_size
            while wanted > 0:
                piece = self._pass_order(pass_)[position : position + wanted]
                pieces.append(piece)
                wanted -= len(piece)
                position += len(piece)
                if position == self.n:
                    pass_, position = pass_ + 1, 0
            left -= count
            done += count
            if done == self.steps_per_epoch:
                epoch_ends.append(most - left)
                done = 0
        return Plan(np.concatenate(pieces), np.cumsum(np.concatenate(sizes)), epoch_ends)

    def commit(self, plan: Plan, steps: int) -> None:
        """Move on past the first `steps` mini-batches of a plan."""
        self._pass, self._position, self._done = self._place_after(plan, steps)
        self.progress.pass_, self.progress.position = self._pass, self._position
        self.progress.step += steps
        self.progress.optimizer_step += steps

    def _place_after(self, plan: Plan | None, steps: int) -> tuple[int, int, int]:
        """Pass, position in it, and steps of the epoch after so many steps of a plan."""
        position = self._position + (int(plan.bounds[steps]) if plan else 0)
        done = (self._done + steps) % self.steps_per_epoch
        return self._pass + position // self.n, position % self.n, done
