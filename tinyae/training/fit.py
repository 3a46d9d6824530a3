"""`fit`: mini-batches, a stretch of them at a time; history, callbacks, progress, divergence."""

import copy
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..checks.arrays import gather
from ..machine.interruption import Interruption
from ..maths.optimizers import SGD, Adam
from ..network.history import History, ProgressLine
from .batches import Batches, Plan
from .callbacks import Callback
from .evaluate import evaluate
from .trainers import Stretch, make_trainer

if TYPE_CHECKING:
    from ..autoencoder import Autoencoder

STRETCH_SECONDS = 0.2  # of compiled work between two looks at progress, Ctrl-C and the losses
STRETCH_BYTES = 16 << 20  # of gathered samples


class TrainingDiverged(ArithmeticError):
    """The numbers stopped being finite; the model is as it was when it gave the last finite loss.

    Attributes
    ----------
    epoch : int
        The epoch, counted from 0.
    step : int
        The optimizer step, counted from 1.
    """

    def __init__(self, epoch: int, step: int, what: str):
        super().__init__(
            f"{what} in epoch {epoch + 1}, at step {step}; the parameters that "
            "gave the last finite loss are kept. A smaller learning rate may help"
        )
        self.epoch, self.step, self._what = epoch, step, what

    def __reduce__(self):
        return type(self), (self.epoch, self.step, self._what)


class Snapshot(NamedTuple):
    """What is needed to run a stretch again."""

    parameters: np.ndarray
    slots: np.ndarray
    optimizer: Adam | SGD
    plan: Plan
    first_step: int


class Training:
    """One call of `fit`: the model, its data, and whoever takes the steps.

    Parameters
    ----------
    model : Autoencoder
        Built; its parameters, slots and progress are changed in place.
    x, target : array
        Admitted; the same object where the model learns its input.
    batches : Batches
    """

    def __init__(self, model: "Autoencoder", x: np.ndarray, target: np.ndarray, batches: Batches):
        self.model, self.x, self.target, self.batches = model, x, target, batches
        self.trainer = make_trainer(model, batches.batch_size)
        self._frozen = self._frozen_now()
        self._snapshots: list[Snapshot] = []
        self._buffers: dict[str, np.ndarray] = {}
        self.steps = 1  # mini-batches in the next stretch, once their time is known
        bytes_per_row = (x[0].size + (target is not x) * target[0].size) * model.dtype.itemsize
        self._rows = max(1, STRETCH_BYTES // bytes_per_row)

    def _frozen_now(self) -> list[bool]:
        return [not layer.trainable for layer in self.model.layers]

    def close(self) -> None:
        """End the worker threads."""
        self.trainer.close()

    def advance(
        self, epochs: int, one_epoch: bool, interruption: Interruption
    ) -> tuple[Plan, np.ndarray, "TrainingDiverged | None"]:
        """Run the next stretch: its plan, the losses (steps, 2) of its steps, and what went wrong.

        The losses are those of the finished steps, or of the steps before the first loss, parameter
        or optimizer's number that is not finite; then the model is back at the parameters that gave
        the last of them.
        """
        if self._frozen_now() != self._frozen:  # a callback has frozen or freed a layer
            self.trainer.close()
            self.trainer = make_trainer(self.model, self.batches.batch_size)
            self._frozen = self._frozen_now()
        plan = self.batches.take(self.steps, self._rows, epochs, one_epoch)
        self._remember(plan, self.batches.progress.step)
        losses = self._run(self._snapshots[-1], len(plan.bounds) - 1, interruption)
        finite = np.isfinite(losses.sum(axis=1))
        if finite.all() and self._is_finite():
            self.batches.commit(plan, len(losses))
            return plan, losses, None
        good = len(losses) if finite.all() else int(np.argmin(finite))
        overflow = self._overflow(good)
        if overflow and (overflow < good or finite.all()):
            good = step = overflow
            what = "the parameters or the optimizer's means overflowed"
        else:  # an overflow in the step before shows as a loss
            step, what = good + 1, f"the loss became {losses[good].sum()}"
        self.batches.commit(plan, good)
        return plan, losses[:good], self._go_back(good, step, what)

    def _run(self, origin: Snapshot, steps: int, interruption: Interruption) -> np.ndarray:
        """Take the first steps of a snapshot's plan."""
        bounds = origin.plan.bounds[: steps + 1]
        rows = origin.plan.rows[: bounds[-1]]
        x = self._gather("x", self.x, rows)
        target = x if self.target is self.x else self._gather("target", self.target, rows)
        stretch = Stretch(x, target, bounds, origin.first_step)
        return self.trainer.run(stretch, origin.optimizer, interruption)

    def _gather(self, name: str, source: np.ndarray, rows: np.ndarray) -> np.ndarray:
        if len(self._buffers.get(name, ())) < len(rows):
            self._buffers[name] = np.empty((len(rows), *source.shape[1:]), self.model.dtype)
        out = self._buffers[name][: len(rows)]
        gather(source, rows, out)
        return out

    def _remember(self, plan: Plan, first_step: int) -> None:
        """Keep what leads to this stretch and to the one before, in memory that is used again."""
        model = self.model
        if len(self._snapshots) < 2:
            parameters, slots = model.parameters.copy(), model.slots.copy()
        else:
            oldest = self._snapshots.pop(0)
            parameters, slots = oldest.parameters, oldest.slots
            parameters[...], slots[...] = model.parameters, model.slots
        optimizer = copy.copy(model.optimizer)  # a callback may change its learning rate
        self._snapshots.append(Snapshot(parameters, slots, optimizer, plan, first_step))

    def _is_finite(self) -> bool:
        """Whether the model's own numbers are: an overflow need not show in the loss."""
        return all(bool(np.isfinite(a).all()) for a in (self.model.parameters, self.model.slots))

    def _overflow(self, good: int) -> int:
        """After how many of the stretch's first `good` steps they no longer were; 0 for never.

        What has overflowed stays so, hence the search by halves.
        """
        origin = self._snapshots[-1]

        def finite_after(steps: int) -> bool:
            self._restart(origin, steps)
            return self._is_finite()

        if good == 0 or finite_after(good):
            return 0
        low, high = 0, good
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if finite_after(middle) else (low, middle)
        return high

    def _restart(self, origin: Snapshot, steps: int) -> None:
        """The model as it was so many steps after a snapshot."""
        self.model.parameters[...], self.model.slots[...] = origin.parameters, origin.slots
        if steps > 0:
            self._run(origin, steps, Interruption())

    def _go_back(self, bad: int, step: int, what: str) -> "TrainingDiverged":
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
        self._restart(origin, steps)
        self.batches.progress.step = origin.first_step + max(steps, 0)
        epoch = self.model.progress.epoch + sum(end < step for end in present.plan.epoch_ends)
        return TrainingDiverged(epoch, present.first_step + step, what)


class EpochMeans:
    """Collects mini-batch losses into each epoch's means, weighted by the mini-batches' sizes.

    They are added up once, at the epoch's end: in what stretches they came does not show.
    """

    def __init__(self) -> None:
        self._losses: list[np.ndarray] = []
        self._sizes: list[np.ndarray] = []
        self._seconds = 0.0

    def add(self, plan: Plan, first: int, losses: np.ndarray, seconds: float) -> None:
        """Add the losses of the steps of `plan` that begin at `first`."""
        self._losses.append(losses)
        self._sizes.append(np.diff(plan.bounds)[first : first + len(losses)])
        self._seconds += seconds

    def logs(self) -> dict[str, float]:
        """The means so far."""
        losses, sizes = np.concatenate(self._losses), np.concatenate(self._sizes)
        sums = (losses * sizes[:, np.newaxis]).sum(axis=0)
        reconstruction, penalty = (sums / max(1, int(sizes.sum()))).tolist()
        return {
            "loss": reconstruction + penalty,
            "reconstruction": reconstruction,
            "penalty": penalty,
            "seconds": self._seconds,
        }


class Epochs:
    """The loop over epochs: train, validate, record, call back.

    Parameters
    ----------
    training : Training
    history : History
        Where this call's epochs go.
    line : ProgressLine
    """

    def __init__(self, training: Training, history: History, line: ProgressLine):
        self.training, self.history, self.line = training, history, line
        self._means = EpochMeans()

    def run(
        self,
        epochs: int,
        callbacks: list[Callback],
        validate: Callable[[], dict[str, float]] | None,
    ) -> None:
        """Train until the model has done `epochs` epochs, or a callback says stop."""
        progress = self.training.model.progress
        pause = bool(callbacks) or validate is not None
        while progress.epoch < epochs:
            finished, error = self._advance(epochs - progress.epoch, pause, validate is None)
            for logs in finished if pause else ():
                if validate is not None:
                    logs = with_validation(logs, validate)
                    with Interruption():
                        self._record(logs)
                # each is called, also after one of them has said stop
                if any([callback(progress.epoch - 1, logs) is True for callback in callbacks]):
                    epochs = progress.epoch
            if error is not None:
                raise error

    def _advance(
        self, epochs: int, pause: bool, record: bool
    ) -> tuple[list[dict[str, float]], TrainingDiverged | None]:
        """Run a stretch; the figures of the epochs that it finished, recorded on request."""
        finished = []
        with Interruption() as interruption:
            began = time.perf_counter()
            plan, losses, error = self.training.advance(epochs, pause, interruption)
            each = (time.perf_counter() - began) / max(1, len(losses))
            start = 0
            for end in [end for end in plan.epoch_ends if end <= len(losses)]:
                self._means.add(plan, start, losses[start:end], each * (end - start))
                finished.append(self._means.logs())
                self._means, start = EpochMeans(), end
                if record:
                    self._record(finished[-1])
            self._means.add(plan, start, losses[start:], each * (len(losses) - start))
            if len(losses):  # small epochs can take longer to record than to train
                each = (time.perf_counter() - began) / len(losses)
                self.training.steps = max(1, int(STRETCH_SECONDS / each))
            share = self.training.batches.epoch_share
            self.line.show(self.training.model.progress.epoch + share, self._means)
        return finished, error

    def _record(self, logs: dict[str, float]) -> None:
        model = self.training.model
        self.history.append(logs)
        model.history.append(logs)
        self.line.epoch(model.progress.epoch, logs)
        model.progress.epoch += 1


def with_validation(
    logs: dict[str, float], validate: Callable[[], dict[str, float]]
) -> dict[str, float]:
    """An epoch's figures with those on the validation data, and the time of both."""
    began = time.perf_counter()
    seconds = logs.pop("seconds")
    validation = {f"val_{key}": value for key, value in validate().items()}
    return {**logs, **validation, "seconds": seconds + time.perf_counter() - began}


def fit(
    model: "Autoencoder",
    x: np.ndarray,
    target: np.ndarray,
    *,
    epochs: int,
    steps_per_epoch: int | None,
    batch_size: int,
    validation: tuple[np.ndarray, np.ndarray] | None,
    shuffle: bool,
    callbacks: Iterable[Callback] | Callback,
    initial_epoch: int | None,
    verbose: str | int,
) -> History:
    """`Autoencoder.fit` on admitted data."""
    progress = model.progress
    if initial_epoch is None:
        initial_epoch = progress.epoch
        epochs += initial_epoch
    line = ProgressLine(verbose, initial_epoch, epochs)
    progress.epoch = initial_epoch
    batch_size = min(batch_size, len(x))
    batches = Batches(len(x), batch_size, steps_per_epoch, shuffle, model.seed, progress)
    callbacks = [callbacks] if callable(callbacks) else list(callbacks)
    for callback in callbacks:
        if hasattr(callback, "set_model"):
            callback.set_model(model)
    validate = None if validation is None else lambda: evaluate(model, *validation)
    history = History()
    training = Training(model, x, target, batches)
    try:
        Epochs(training, history, line).run(epochs, callbacks, validate)
    finally:
        training.close()
        line.close()
    return history
