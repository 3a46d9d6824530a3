"""When numbers stop being finite: back to the parameters that gave the last finite loss."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..checks.floating_point import all_finite
from ..feeding.batches import Plan
from ..maths.optimizers import Optimizer
from ..network.network import Network

SMALLER = "A smaller learning rate may help"
UNTRAINED = "No step came before it: look at the sizes of data, targets and first weights"


class TrainingDiverged(ArithmeticError):
    """The numbers stopped being finite.

    After `fit` the model is as it was when it gave the last finite loss.

    Parameters
    ----------
    epoch : int
        The epoch, counted from 0.
    step : int
        The optimizer step, counted from 1.
    what : str
        What is not finite: the message begins with it.
    stands : str
        What has become of the parameters, in words.
    advice : str
        What may help, in words.

    Attributes
    ----------
    epoch, step : int
        As given.

    See Also
    --------
    Autoencoder.fit : Raises it.
    trace : Shows the gradient layer by layer.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> ae = tae.Autoencoder([tae.Dense(1)], [tae.Dense(2)], optimizer=tae.SGD(1e6))
    >>> try:
    ...     ae.fit(np.eye(2), epochs=100, verbose=0)
    ... except tae.TrainingDiverged as error:
    ...     print(error.step > 1, np.isfinite(ae.parameters).all())
    True True
    """

    def __init__(
        self,
        epoch: int,
        step: int,
        what: str,
        stands: str = "the parameters that gave the last finite loss are kept",
        advice: str = SMALLER,
    ):
        super().__init__(f"{what} in epoch {epoch + 1}, at step {step}; {stands}. {advice}")
        self.epoch, self.step, self._texts = epoch, step, (what, stands, advice)

    def __reduce__(self):
        return type(self), (self.epoch, self.step, *self._texts)


def advice_at(step: int) -> str:
    """What may help where the loss is not finite at that step, counted from 1."""
    return UNTRAINED if step == 1 else SMALLER


class Snapshot(NamedTuple):
    """What is needed to run a stretch again."""

    parameters: np.ndarray
    slots: np.ndarray
    optimizer: Optimizer
    plan: Plan
    first_step: int
    optimizer_step: int


Run = Callable[[Snapshot, int], np.ndarray]  # takes the first steps of a snapshot's plan


class WayBack:
    """Remembers the beginning of the last two stretches, and leads back from a bad step.

    Parameters
    ----------
    model : Network
    """

    def __init__(self, model: Network):
        self.model = model
        self._snapshots: list[Snapshot] = []

    def remember(self, plan: Plan) -> Snapshot:
        """The present state, in memory that is used again."""
        model = self.model
        for each in self._snapshots:
            each.plan.data = None  # of one step alone, which is not taken again
        if len(self._snapshots) < 2:
            parameters, slots = vars(model).pop("_remembered", None) or self._new()
        else:
            oldest = self._snapshots.pop(0)
            parameters, slots = oldest.parameters, oldest.slots
        parameters[...], slots[...] = model.parameters, model.slots
        optimizer = copy.copy(model.optimizer)  # a callback may change its learning rate
        counts = model.progress.step, model.progress.optimizer_step
        snapshot = Snapshot(parameters, slots, optimizer, plan, *counts)
        self._snapshots.append(snapshot)
        return snapshot

    def _new(self) -> tuple[np.ndarray, np.ndarray]:
        return np.empty_like(self.model.parameters), np.empty_like(self.model.slots)

    def keep(self) -> None:
        """Leave memory to the model's next training: much memory takes long to come by."""
        if self._snapshots:
            snapshot = self._snapshots[-1]
            vars(self.model)["_remembered"] = snapshot.parameters, snapshot.slots

    def finite_steps(self, losses: np.ndarray, run: Run) -> tuple[int, TrainingDiverged | None]:
        """How many of the present stretch's steps were good, and what went wrong, if anything.

        Then `run` has led the model back to the parameters that gave the last finite loss, and
        `counts` has its progress: of steps, and of the optimizer's.
        """
        finite = np.isfinite(losses[:, :2].sum(axis=1))
        if finite.all() and self._is_finite():
            return len(losses), None
        good = len(losses) if finite.all() else int(np.argmin(finite))
        overflow = self._overflow(good, run)
        if overflow:  # also if the next loss shows it: wherever the stretch ends
            good = step = overflow
            what, advice = "the parameters or the optimizer's means overflowed", SMALLER
        else:
            step, what = good + 1, f"the loss became {losses[good, :2].sum()}"
            advice = advice_at(self._snapshots[-1].first_step + step)
        return good, self._go_back(good, step, what, advice, run)

    def _is_finite(self) -> bool:
        """Whether the model's own numbers are: an overflow need not show in the loss."""
        return all(map(all_finite, (self.model.parameters, self.model.slots)))

    def _overflow(self, good: int, run: Run) -> int:
        """After how many of the stretch's first `good` steps they no longer were; 0 for never.

        What has overflowed stays so, hence the search by halves.
        """
        origin = self._snapshots[-1]

        def finite_after(steps: int) -> bool:
            self.restart(origin, steps, run)
            return self._is_finite()

        if good == 0 or finite_after(good):
            return 0
        low, high = 0, good
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if finite_after(middle) else (low, middle)
        return high

    def restart(self, origin: Snapshot, steps: int = 0, run: Run | None = None) -> None:
        """The model as it was at a snapshot, or so many steps after it."""
        self.model.parameters[...], self.model.slots[...] = origin.parameters, origin.slots
        if steps > 0:
            assert run is not None
            run(origin, steps)

    def _go_back(self, bad: int, step: int, what: str, advice: str, run: Run) -> TrainingDiverged:
        """Restore the parameters that gave the last finite loss.

        Loss k comes from the parameters after k steps, so the last finite one, before `bad`, is met
        again after `bad − 1` steps of this stretch; or, if the stretch began with the bad one,
        after all but one step of the stretch before.
        """
        present = self._snapshots[-1]
        origin, steps = present, bad - 1
        if bad == 0:
            origin = self._snapshots[0]
            steps = 0 if origin is present else len(origin.plan.bounds) - 2
        self.restart(origin, steps, run)
        done = max(steps, 0)
        self.counts = origin.first_step + done, origin.optimizer_step + done
        epoch = self.model.progress.epoch + sum(end < step for end in present.plan.epoch_ends)
        return TrainingDiverged(epoch, present.first_step + step, what, advice=advice)
