"""`fit`: mini-batches, a stretch of them at a time; history, callbacks, progress, divergence."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .arrays import gather
from .batches import Batches, Plan
from .callbacks import Callback
from .evaluation import evaluate
from .history import History, ProgressLine
from .trainers import CompiledTrainer, EagerTrainer, Stretch, make_trainer

if TYPE_CHECKING:
    from .autoencoder import Autoencoder

STRETCH_SECONDS = 0.1  # of compiled work between two looks at progress, Ctrl-C and the losses
STRETCH_BYTES = 16 << 20  # of gathered samples


class TrainingDiverged(ArithmeticError):
    """The loss stopped being finite; the model has the parameters that gave the last finite loss.

    Attributes
    ----------
    epoch : int
        The epoch, counted from 0.
    step : int
        The optimizer step, counted from 1.
    """

    def __init__(self, epoch: int, step: int, value: float):
        super().__init__(
            f"the loss became {value} in epoch {epoch + 1}, at step {step}; the parameters that "
            "gave the last finite loss are kept. A smaller learning rate may help"
        )
        self.epoch, self.step, self._value = epoch, step, value

    def __reduce__(self):
        return type(self), (self.epoch, self.step, self._value)


class Snapshot(NamedTuple):
    """What is needed to run a stretch again."""

    parameters: np.ndarray
    slots: np.ndarray
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
    trainer : CompiledTrainer or EagerTrainer
    """

    def __init__(
        self,
        model: "Autoencoder",
        x: np.ndarray,
        target: np.ndarray,
        batches: Batches,
        trainer: CompiledTrainer | EagerTrainer,
    ):
        self.model, self.x, self.target = model, x, target
        self.batches, self.trainer = batches, trainer
        self._snapshots: list[Snapshot] = []
        self._buffers: dict[str, np.ndarray] = {}
        self._steps = 1  # mini-batches in the next stretch; grows once their time is known
        bytes_per_row = (x[0].size + (target is not x) * target[0].size) * model.dtype.itemsize
        self._rows = max(1, STRETCH_BYTES // bytes_per_row)

    def advance(self, epochs: int, one_epoch: bool) -> tuple[Plan, np.ndarray]:
        """Run the next stretch: its plan, and the losses (steps, 2) of the steps that were taken.

        Raises
        ------
        TrainingDiverged
            If a loss is not finite.
        """
        plan = self.batches.take(self._steps, self._rows, epochs, one_epoch)
        first_step = self.batches.progress.step
        self._remember(plan, first_step)
        began = time.perf_counter()
        losses = self._run(plan, first_step)
        if len(losses):
            each = (time.perf_counter() - began) / len(losses)
            self._steps = max(1, int(STRETCH_SECONDS / each))
        finite = np.isfinite(losses.sum(axis=1))
        if not finite.all():
            self._go_back(int(np.argmin(finite)), losses)
        self.batches.commit(plan, len(losses))
        return plan, losses

    def _run(self, plan: Plan, first_step: int) -> np.ndarray:
        x = self._gather("x", self.x, plan.rows)
        target = x if self.target is self.x else self._gather("target", self.target, plan.rows)
        stretch = Stretch(x, target, plan.bounds, first_step)
        return self.trainer.run(stretch, self.model.optimizer)

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
            parameters, slots, _, _ = self._snapshots.pop(0)
            parameters[...], slots[...] = model.parameters, model.slots
        self._snapshots.append(Snapshot(parameters, slots, plan, first_step))

    def _go_back(self, bad: int, losses: np.ndarray) -> None:
        """Restore the parameters that gave the last finite loss, and raise.

        Loss k comes from the parameters after k steps, so the last finite one, before `bad`, is met
        again after `bad − 1` steps of this stretch; or, if the stretch began with the bad one,
        after all but one step of the stretch before.
        """
        present = self._snapshots[-1]
        origin, steps = present, bad - 1
        if bad == 0:
            origin = self._snapshots[0]
            steps = 0 if origin is present else len(origin.plan.bounds) - 2
        self.model.parameters[...], self.model.slots[...] = origin.parameters, origin.slots
        if steps > 0:
            bounds = origin.plan.bounds[: steps + 1]
            again = Plan(origin.plan.rows[: bounds[-1]], bounds, [])
            self._run(again, origin.first_step)
        self.batches.progress.step = origin.first_step + steps
        epoch = self.model.progress.epoch + sum(end <= bad for end in present.plan.epoch_ends)
        raise TrainingDiverged(epoch, present.first_step + bad + 1, float(losses[bad].sum()))


class EpochMeans:
    """Collects mini-batch losses into each epoch's means, weighted by the mini-batches' sizes."""

    def __init__(self) -> None:
        self._sums = np.zeros(2)
        self._rows = 0
        self._seconds = 0.0

    def add(self, plan: Plan, first: int, losses: np.ndarray, seconds: float) -> None:
        """Add the losses of the steps of `plan` that begin at `first`."""
        sizes = np.diff(plan.bounds)[first : first + len(losses)]
        self._sums += sizes @ losses
        self._rows += int(sizes.sum())
        self._seconds += seconds

    def logs(self) -> dict[str, float]:
        """The means so far."""
        reconstruction, penalty = (self._sums / max(1, self._rows)).tolist()
        return {
            "loss": reconstruction + penalty,
            "reconstruction": reconstruction,
            "penalty": penalty,
            "seconds": self._seconds,
        }


def run_epochs(
    training: Training,
    epochs: int,
    callbacks: Iterable[Callback],
    validate: Callable[[], dict[str, float]] | None,
    history: History,
    line: ProgressLine,
) -> None:
    """Train until the model has done `epochs` epochs, or a callback says stop."""
    model, callbacks = training.model, list(callbacks)
    pause = bool(callbacks) or validate is not None
    means = EpochMeans()
    while model.progress.epoch < epochs:
        began = time.perf_counter()
        plan, losses = training.advance(epochs - model.progress.epoch, pause)
        each = (time.perf_counter() - began) / max(1, len(losses))
        start = 0
        for end in [end for end in plan.epoch_ends if end <= len(losses)]:
            means.add(plan, start, losses[start:end], each * (end - start))
            logs, means, start = means.logs(), EpochMeans(), end
            if validate is not None:
                logs = with_validation(logs, validate)
            history.append(logs)
            model.history.append(logs)
            epoch, model.progress.epoch = model.progress.epoch, model.progress.epoch + 1
            line.epoch(epoch, logs)
            # each is called, also after one of them has said stop
            if any([callback(epoch, logs) is True for callback in callbacks]):
                epochs = model.progress.epoch
        means.add(plan, start, losses[start:], each * (len(losses) - start))
        if training.trainer.interrupted is not None:
            raise training.trainer.interrupted
        line.show(model.progress.epoch + training.batches.epoch_share, means.logs())


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
    callbacks: Iterable[Callback],
    initial_epoch: int | None,
    verbose: str | int,
) -> History:
    """`Autoencoder.fit` on admitted data."""
    progress = model.progress
    if initial_epoch is None:
        epochs += progress.epoch
    else:
        progress.epoch = initial_epoch
    line = ProgressLine(verbose, progress.epoch, epochs)
    batch_size = min(batch_size, len(x))
    batches = Batches(len(x), batch_size, steps_per_epoch, shuffle, model.seed, progress)
    callbacks = list(callbacks)
    for callback in callbacks:
        if hasattr(callback, "set_model"):
            callback.set_model(model)
    validate = None if validation is None else lambda: evaluate(model, *validation)
    history = History()
    trainer = make_trainer(model, batch_size)
    try:
        session = Training(model, x, target, batches, trainer)
        run_epochs(session, epochs, callbacks, validate, history, line)
    finally:
        trainer.close()
        line.close()
    return history


class OneAtATime:
    """Refuses a second `fit` of a model while one is running in another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError("this model is being trained already, in another thread")

    def __exit__(self, *exception: object) -> None:
        self._lock.release()

    def __reduce__(self):  # a copied or unpickled model is not being trained
        return type(self), ()
