"""Ctrl-C: the model is left at a finished step, its history at a finished epoch, and soon."""

import contextlib
import functools
import os
import signal
import sys
import threading

import numpy as np
import pytest

import tinyae as tae
from tests.support.interrupts import Timeout, interrupted_at
from tests.support.small_models import LOSSES, STREAM, PlainMSE, samples, small_model
from tinyae.engine import loop, tuning
from tinyae.system.numba_parts import DISABLED
from tinyae.training import fit as training
from tinyae.training.compiled import CompiledTrainer
from tinyae.training.eager import EagerTrainer

if DISABLED:  # the kernels are NumPy code, which warns where compiled code does not
    pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

posix = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX sends them")


class Counter:
    """Counts what `fit` does, also while it does it: steps, and what they are part of.

    `begun` is how many stretches of steps, and validations, have begun.
    """

    def __init__(self, monkeypatch):
        self.begun, self._steps, self._run = 0, 0, None
        self._validate, self._train = training.evaluate, CompiledTrainer._train
        self._step, self._run_eager = EagerTrainer.step, EagerTrainer.run
        counter = self  # the trainers' own self comes first in their methods

        def train(trainer, run, *arguments):
            counter.begun, counter._run = counter.begun + 1, run
            try:
                counter._train(trainer, run, *arguments)
            finally:
                counter._run = None
                counter._steps += int(run.sync[loop.COMPLETED])

        def run_eager(trainer, *arguments):
            counter.begun += 1
            return counter._run_eager(trainer, *arguments)

        def step(trainer, *arguments):
            counter._steps += 1
            return counter._step(trainer, *arguments)

        def validate(*arguments):
            counter.begun += 1
            return counter._validate(*arguments)

        monkeypatch.setattr(CompiledTrainer, "_train", train)
        monkeypatch.setattr(EagerTrainer, "run", run_eager)
        monkeypatch.setattr(EagerTrainer, "step", step)
        monkeypatch.setattr(training, "evaluate", validate)

    def events(self):
        """Steps, validations and stretches, with the steps of the stretch under way."""
        run = self._run
        return self.begun + self._steps + (0 if run is None else int(run.sync[loop.COMPLETED]))

    def in_a_step(self):
        """Whether a chunk of a step's samples, and no step, is done in the stretch under way."""
        run = self._run
        return run is not None and bool(run.gradients.any())


@pytest.fixture
def counter(monkeypatch):
    return Counter(monkeypatch)


@contextlib.contextmanager
def interrupted(counter, moment):
    """Expect to be left by KeyboardInterrupt when this thread is sent what Ctrl-C sends.

    That is when `moment()` has come. Nothing may begin after it, but for what began meanwhile.
    Should it not be heard, it is sent again, so that a failing test ends.
    """
    over, main, begun = threading.Event(), threading.main_thread().ident, []

    def send():
        while not over.wait(1e-4):
            if moment() and (not begun or counter.begun > begun[-1] + 100):
                signal.pthread_kill(main, signal.SIGINT)
                begun.append(counter.begun)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        over.set()
        thread.join()
    assert counter.begun <= begun[0] + 1


def after(counter, events):
    """When so many more steps, validations and stretches have been."""
    last = counter.events() + events
    return lambda: counter.events() >= last


def check_usable(ae, twin):
    """The model stands where `steps` whole steps lead, and its history at finished epochs."""
    assert ae.progress.epoch == max(map(len, ae.history.values()), default=0)
    assert len({len(values) for values in ae.history.values()}) <= 1
    missing = ae.progress.step - twin.progress.step
    assert missing >= 0
    if missing:
        twin.fit(samples(), steps_per_epoch=missing, **STREAM)
    assert ae.parameters.tobytes() == twin.parameters.tobytes()
    assert ae.slots.tobytes() == twin.slots.tobytes()
    assert ae.progress.pass_ == twin.progress.pass_
    assert ae.progress.position == twin.progress.position


@posix
@LOSSES
@pytest.mark.parametrize("paused", [False, True], ids=["free", "paused"])
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_at_any_moment_leaves_whole_steps_and_epochs(
    loss, paused, threads, counter, monkeypatch
):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    ae, twin = (small_model(loss, tae.Adam(), threads) for _ in range(2))
    ae.fit(samples(), steps_per_epoch=10, **STREAM)
    callbacks = [lambda epoch, logs: None] if paused else []
    rng = np.random.default_rng(0)
    for _ in range(20):
        with interrupted(counter, after(counter, rng.integers(1, 60))):
            ae.fit(samples(), epochs=10**9, steps_per_epoch=3, callbacks=callbacks, **STREAM)
        check_usable(ae, twin)
    # how many depends on the machine: a stretch is dropped if left while the next is prepared
    assert ae.progress.step > 20


@posix
@pytest.mark.large
def test_ctrl_c_is_heard_in_the_middle_of_a_large_step(counter):
    # it is the chunks in it that look for the stop
    x = np.random.default_rng(0).random((20_000, 256), np.float32)
    ae = tae.Autoencoder([tae.Dense(512, "tanh"), tae.Dense(512, "tanh")], [tae.Dense(256)])
    ae.fit(x[:64], batch_size=64, verbose=0)
    kept = ae.parameters.copy()
    with interrupted(counter, counter.in_a_step):
        ae.fit(x, epochs=1000, batch_size=20_000, verbose=0)
    assert ae.progress.step == ae.progress.epoch == len(ae.history["loss"]) == 1
    assert ae.parameters.tobytes() == kept.tobytes()


def image_model(**options):
    """Steps of about half a second at the batches below."""
    return tae.Autoencoder(
        [tae.Conv2D(32, 3, padding="same", activation="relu"), tae.MaxPooling2D()],
        [tae.UpSampling2D(), tae.Conv2D(1, 5, padding="same", activation="sigmoid")],
        **{"loss": "bce", "input_shape": (28, 28, 1), **options},
    )


@functools.cache
def many_images():
    return np.random.default_rng(0).random((600, 28, 28, 1), np.float32)


@functools.cache
def many_rows():
    return np.random.default_rng(0).random((50_000, 6), np.float32)


# A model, what it trains on and how, and how many steps and the like there are at most
INTERRUPTED = {
    "small steps": lambda: (small_model(optimizer=tae.Adam()), many_rows(), {}, 3000),
    "large steps": lambda: (
        *(small_model(optimizer=tae.Adam()), many_rows(), {"batch_size": 50_000}, 30),
    ),
    "epochs": lambda: (small_model(), many_rows()[:64], {"validation_data": many_rows()}, 100),
    "images": lambda: (image_model(), many_images(), {"batch_size": 600}, 4),
    "long validation": lambda: (
        *(image_model(dtype="float64", threads=1), many_images()[:64]),
        *({"validation_data": many_images()}, 6),
    ),
}


@posix
@pytest.mark.large
@pytest.mark.parametrize("case", INTERRUPTED)
def test_ctrl_c_ten_times_at_random_moments(case, counter, tmp_path):
    model, x, options, most = INTERRUPTED[case]()
    model.fit(x[:8], epochs=1, verbose=0)  # the first steps compile
    model.evaluate(x[:8])
    if case == "epochs":
        options["callbacks"] = [tae.ModelCheckpoint(tmp_path / "model")]
    rng = np.random.default_rng(0)
    for _ in range(10):
        kept, steps = model.parameters.copy(), model.progress.step
        with interrupted(counter, after(counter, rng.integers(1, most))):
            model.fit(x, epochs=10**9, verbose=0, **options)
        assert (model.progress.step == steps) == (model.parameters.tobytes() == kept.tobytes())
        assert {len(each) for each in model.history.values()} == {model.progress.epoch}
        assert np.isfinite(model.encode(x[:8])).all()
    epochs = model.progress.epoch
    if case == "epochs":
        assert tae.load(tmp_path / "model").progress.epoch >= epochs - 1
    assert len(model.fit(x[:64], epochs=2, verbose=0)["loss"]) == 2
    assert model.progress.epoch == epochs + 2


@posix
@LOSSES
def test_ctrl_c_while_rows_are_gathered_stops_the_step_that_they_are_for(loss, monkeypatch):
    def gather(*arguments):
        signal.raise_signal(signal.SIGINT)
        return right(*arguments)

    right, ae = training.gather, small_model(loss)
    monkeypatch.setattr(training, "gather", gather)
    with pytest.raises(KeyboardInterrupt):
        ae.fit(samples(), batch_size=48, verbose=0)
    assert (ae.progress.step, ae.progress.epoch, dict(ae.history)) == (0, 0, {})


@posix
def test_ctrl_c_in_an_eager_step_makes_it_the_last():
    class Interrupts(PlainMSE):
        calls = 0

        def value_and_gradient(self, output, target):
            self.calls += 1
            if self.calls == 100:
                signal.raise_signal(signal.SIGINT)
            return super().value_and_gradient(output, target)

    ae = small_model(Interrupts())
    with pytest.raises(KeyboardInterrupt):
        ae.fit(samples(), epochs=10**6, **STREAM)
    assert ae.progress.step == 100


@posix
def test_a_whole_epoch_cut_short_is_begun_anew(counter):
    ae = small_model(optimizer=tae.Adam())
    with interrupted(counter, after(counter, 25)):
        ae.fit(samples(), epochs=10**9, batch_size=5, verbose=0)
    epochs, steps = ae.progress.epoch, ae.progress.step
    history = ae.fit(samples(), epochs=2, batch_size=5, verbose=0)
    assert len(history["loss"]) == 2
    assert (ae.progress.epoch, ae.progress.step) == (epochs + 2, steps + 20)
    assert ae.progress.position == 0


def profiled_fit(ae, signals, **settings):
    """Fit, with signals at the given places."""
    fit = functools.partial(ae.fit, samples(), epochs=3, steps_per_epoch=2, **settings, **STREAM)
    return interrupted_at(signals, fit)


SETTINGS = {
    "free": {},
    "called back": {"callbacks": [lambda epoch, logs: None]},
    "validated": {"validation_data": samples()},
}


@posix
@LOSSES
@pytest.mark.parametrize("built", [True, False], ids=["built", "to be built"])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_whatever_handlers_raise_and_wherever_whole_steps_and_epochs_are_left(
    loss, built, settings
):
    """One Ctrl-C, two within a moment, and a timeout before one."""

    def model():
        options = {"loss": loss, "optimizer": tae.Adam(), "input_shape": (6,) if built else None}
        return tae.Autoencoder([tae.Dense(6)], [tae.Activation("linear")], **options)

    def alarm(number, frame):
        raise Timeout

    before = signal.signal(signal.SIGALRM, alarm)
    handlers = signal.getsignal(signal.SIGINT), alarm
    rng = np.random.default_rng(0)
    places = profiled_fit(model(), {}, **settings).places
    assert places > 50
    broken = []
    for pattern in [(signal.SIGINT,), (signal.SIGINT,) * 2, (signal.SIGALRM, signal.SIGINT)]:
        for first in rng.choice(places, 25, replace=False) + 1:
            where = first + np.cumsum([0, *rng.integers(1, 6, len(pattern) - 1)])
            ae, twin = model(), model()
            profile = profiled_fit(ae, dict(zip(where.tolist(), pattern, strict=True)), **settings)
            try:
                now = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)
                assert now == handlers
                if ae.built:
                    if not built:
                        twin.build((6,))
                    check_usable(ae, twin)
                assert ae.built or ae.progress == twin.progress
                ae.fit(samples(), **STREAM)  # nothing is left locked, nor half built
                twin.fit(samples(), **STREAM)
                assert ae.parameters.tobytes() == twin.parameters.tobytes()
            except (AssertionError, RuntimeError, ValueError):
                broken.append(profile.where)
    signal.signal(signal.SIGALRM, before)
    assert broken == []


@LOSSES
def test_an_error_in_the_middle_of_a_stretch_leaves_the_last_counted_step(loss, monkeypatch):
    ae, twin = small_model(loss, tae.Adam()), small_model(loss, tae.Adam())
    ae.fit(samples(), steps_per_epoch=2, **STREAM)
    right = training.WayBack.finite_steps

    def fails(*arguments):
        right(*arguments)
        raise MemoryError

    monkeypatch.setattr(training.WayBack, "finite_steps", fails)
    with pytest.raises(MemoryError):
        ae.fit(samples(), steps_per_epoch=2, **STREAM)
    monkeypatch.undo()
    check_usable(ae, twin)


@posix
def test_ctrl_c_waits_until_an_error_in_an_eager_step_is_undone(monkeypatch):
    """Also the second one, which would end the step itself at once."""

    class Fails(PlainMSE):
        calls = 0

        def value_and_gradient(self, *arguments):
            self.calls += 1
            if self.calls == 3:  # the second of its stretch
                raise MemoryError
            return super().value_and_gradient(*arguments)

    def interrupted(*arguments):
        _ = signal.raise_signal(signal.SIGINT), signal.raise_signal(signal.SIGINT)
        restart(*arguments)

    ae, restart = small_model(Fails()), training.WayBack.restart
    monkeypatch.setattr(training.WayBack, "restart", interrupted)
    monkeypatch.setattr(tuning, "STRETCH_SECONDS", 1e9)
    with pytest.raises(KeyboardInterrupt):
        ae.fit(samples(), steps_per_epoch=9, **STREAM)
    monkeypatch.undo()
    assert ae.progress.step == 1
    check_usable(ae, small_model(PlainMSE()))


@pytest.mark.parametrize("validated", [False, True])
def test_a_pipe_that_breaks_loses_no_figures(validated, monkeypatch):
    class Broken:
        def write(self, text):
            raise BrokenPipeError

        def flush(self):
            pass

    monkeypatch.setattr(sys, "stdout", Broken())
    ae, twin = small_model(), small_model()
    settings = {"validation_data": samples()} if validated else {}
    with pytest.raises(BrokenPipeError):
        ae.fit(samples(), epochs=3, steps_per_epoch=2, batch_size=16, verbose=2, **settings)
    monkeypatch.undo()
    check_usable(ae, twin)
    assert ae.progress.step == 2 * ae.progress.epoch >= 2
    assert np.isfinite(ae.history["loss"]).all()


def test_an_epoch_whose_validation_is_cut_short_keeps_its_figures(monkeypatch):
    def cut_short(*arguments):
        raise KeyboardInterrupt

    ae, twin = small_model(), small_model()
    ae.fit(samples(), steps_per_epoch=2, validation_data=samples(), **STREAM)
    right = training.evaluate
    monkeypatch.setattr(training, "evaluate", cut_short)
    with pytest.raises(KeyboardInterrupt):
        ae.fit(samples(), steps_per_epoch=2, validation_data=samples(), **STREAM)
    monkeypatch.setattr(training, "evaluate", right)
    check_usable(ae, twin)
    assert ae.progress.epoch == 2
    assert np.isfinite(ae.history["loss"]).all()
    assert np.isnan(ae.history["val_loss"]).tolist() == [False, True]
