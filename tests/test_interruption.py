"""Training that ends early: a loss that is no longer finite, and Ctrl-C."""

import contextlib
import os
import pickle
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import tinyae as tae
from tinyae import trainers, training
from tinyae.jit import DISABLED

# Without JIT the kernels are NumPy code, which warns where compiled code does not.
if DISABLED:
    pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

PACKAGE = str(Path(tae.__file__).parent)


class PlainMSE:
    """A loss without kernels: the model that has it trains eagerly."""

    def value_and_gradient(self, output, target):
        with np.errstate(all="ignore"):
            difference = output - target
            return float(np.mean(difference**2)), 2 * difference / difference.size


LOSSES = pytest.mark.parametrize("loss", ["mse", PlainMSE()], ids=["compiled", "eager"])


def samples(n=48):
    return np.random.default_rng(0).random((n, 6)).astype(np.float32)


def small_model(loss="mse", optimizer=None, threads=None):
    return tae.Autoencoder(
        *([tae.Dense(6)], [tae.Activation("linear")]),
        input_shape=(6,),
        loss=loss,
        optimizer=optimizer or tae.SGD(0.05),
        threads=threads,
    )


def figures(history):
    return {key: values for key, values in history.items() if key != "seconds"}


# Divergence. Gradient descent with too large a rate overflows after some tens of steps; which
# step it is, a second model tells that is taken there one step at a time.

STREAM = {"batch_size": 16, "verbose": 0}


def one_by_one(loss, optimizer, schedule=None):
    """The parameters before each step up to the one whose loss is not finite, and its error."""
    ae, before = small_model(loss, optimizer), []
    while len(before) < 200:
        before.append(ae.parameters.copy())
        try:
            ae.fit(samples(), steps_per_epoch=1, **STREAM)
        except tae.TrainingDiverged as error:
            return before, error
        if schedule is not None:
            schedule(ae)
    raise AssertionError("the loss stays finite")


@LOSSES
@pytest.mark.parametrize("rate", [4.0, 5.0, 6.0, 10.0, 50.0, 1e6])
@pytest.mark.parametrize("stretch_seconds", [0.1, 0.0], ids=["long", "single steps"])
def test_diverged_training_keeps_the_parameters_of_the_last_finite_loss(
    loss, rate, stretch_seconds, monkeypatch
):
    before, expected = one_by_one(loss, tae.SGD(rate))
    monkeypatch.setattr(training, "STRETCH_SECONDS", stretch_seconds)
    ae = small_model(loss, tae.SGD(rate))
    with pytest.raises(tae.TrainingDiverged, match=f"at step {len(before)};") as caught:
        ae.fit(samples(), epochs=100, steps_per_epoch=1000, **STREAM)
    assert (caught.value.epoch, caught.value.step) == (0, len(before))
    assert caught.value.step == expected.step
    # loss k is of the parameters before step k, and the last finite one is the one before last
    assert ae.parameters.tobytes() == before[-2].tobytes()
    assert ae.progress.step == len(before) - 2


@LOSSES
@pytest.mark.parametrize("paused", [False, True], ids=["free", "paused"])
@pytest.mark.parametrize("steps_per_epoch", [1, 2, 3, 5, 7])
def test_epochs_before_the_divergence_stay_in_the_history(loss, paused, steps_per_epoch):
    before, _ = one_by_one(loss, tae.SGD(5.0))
    ae, calm = (small_model(loss, tae.SGD(5.0)) for _ in range(2))
    callbacks = [lambda epoch, logs: None] if paused else []
    with pytest.raises(tae.TrainingDiverged) as caught:
        ae.fit(
            *(samples(),),
            epochs=100,
            steps_per_epoch=steps_per_epoch,
            callbacks=callbacks,
            **STREAM,
        )
    finished = (len(before) - 1) // steps_per_epoch
    assert finished > 0
    assert caught.value.epoch == finished
    assert ae.progress.epoch == len(ae.history["loss"]) == finished
    calm.fit(samples(), epochs=finished, steps_per_epoch=steps_per_epoch, **STREAM)
    for key, values in figures(calm.history).items():
        np.testing.assert_allclose(ae.history[key], values, rtol=1e-12)


@LOSSES
def test_divergence_at_the_first_step_of_a_fit_changes_nothing(loss):
    ae = small_model(loss)
    ae.fit(samples(), epochs=2, verbose=0)
    ae.parameters[...] = 1e30
    kept = ae.parameters.copy()
    with pytest.raises(tae.TrainingDiverged) as caught:
        ae.fit(samples(), epochs=5, batch_size=48, verbose=0)
    assert (caught.value.epoch, caught.value.step) == (2, 5)
    assert ae.parameters.tobytes() == kept.tobytes()
    assert ae.progress.epoch == len(ae.history["loss"]) == 2


@LOSSES
@pytest.mark.parametrize("steps_per_epoch", [2, 3])
def test_the_learning_rate_of_the_time_is_used_for_the_way_back(loss, steps_per_epoch):
    # The rate falls after each epoch; the first rates diverge in some epoch's first step.
    for rate in np.linspace(10, 20, 12):
        steps = [0]

        def schedule(model, steps=steps):
            steps[0] += 1
            if steps[0] % steps_per_epoch == 0:
                model.optimizer.learning_rate *= 0.97

        before, error = one_by_one(loss, tae.SGD(rate), schedule)
        if (error.step - 1) % steps_per_epoch == 0:
            break
    else:
        pytest.fail("no rate makes an epoch's first loss the infinite one")
    ae = small_model(loss, tae.SGD(rate))

    def slower(epoch, logs):
        ae.optimizer.learning_rate *= 0.97

    with pytest.raises(tae.TrainingDiverged):
        ae.fit(
            *(samples(),),
            epochs=1000,
            steps_per_epoch=steps_per_epoch,
            callbacks=[slower],
            **STREAM,
        )
    assert ae.parameters.tobytes() == before[-2].tobytes()


@pytest.mark.parametrize("threads", [1, 3])
def test_adams_means_go_back_too(threads, monkeypatch):
    monkeypatch.setattr(trainers, "THREAD_OPERATIONS", 1)
    ae, calm = (small_model(optimizer=tae.Adam(1e-2), threads=threads) for _ in range(2))
    poisoned = samples()
    poisoned[7] = 3e38  # its squared error overflows float32
    seen = np.random.default_rng([0, 1, 0]).permutation(48).tolist().index(7) // 4 + 1
    assert seen > 2
    with pytest.raises(tae.TrainingDiverged) as caught:
        ae.fit(poisoned, batch_size=4, verbose=0)
    assert caught.value.step == seen
    calm.fit(samples(), steps_per_epoch=seen - 2, batch_size=4, verbose=0)
    assert ae.parameters.tobytes() == calm.parameters.tobytes()
    assert ae.slots.tobytes() == calm.slots.tobytes()
    assert ae.progress.step == calm.progress.step


@LOSSES
def test_a_model_that_diverged_can_be_trained_on(loss):
    ae = small_model(loss, tae.SGD(1e3))
    with pytest.raises(tae.TrainingDiverged):
        ae.fit(samples(), epochs=100, verbose=0)
    ae.optimizer.learning_rate = 1e-3
    start = ae.evaluate(samples())["loss"]
    ae.fit(samples(), epochs=20, verbose=0)
    assert ae.evaluate(samples())["loss"] < start


def test_the_exception_says_where_and_goes_through_pickle():
    with pytest.raises(tae.TrainingDiverged, match="learning rate") as caught:
        small_model(optimizer=tae.SGD(1e6)).fit(samples(), epochs=9, verbose=0)
    error, twin = caught.value, pickle.loads(pickle.dumps(caught.value))
    assert isinstance(error, ArithmeticError)
    assert (twin.epoch, twin.step, str(twin)) == (error.epoch, error.step, str(error))
    assert f"in epoch {error.epoch + 1}, at step {error.step}" in str(error)


# Ctrl-C

posix = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX sends them")


@contextlib.contextmanager
def interrupted_after(seconds, within=0.3):
    """Expect to be left by KeyboardInterrupt soon after this process is sent what Ctrl-C sends.

    Should it not be heard, it is sent again, so that a failing test ends. Yields a list, in which
    it leaves how late that was.
    """
    sent, ready, heard = [], threading.Event(), threading.Event()

    def send():
        ready.wait()
        wait = seconds
        while not heard.wait(wait):
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)
            wait = 2

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    late = []
    try:
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012, the countdown begins in here
            ready.set()
            yield late
        late.append(time.perf_counter() - sent[0])
    finally:
        heard.set()
        thread.join()
    assert late[0] < within


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
def test_ctrl_c_at_any_moment_leaves_whole_steps_and_epochs(loss, paused, threads, monkeypatch):
    monkeypatch.setattr(trainers, "THREAD_OPERATIONS", 1)
    ae, twin = (small_model(loss, tae.Adam(), threads) for _ in range(2))
    ae.fit(samples(), steps_per_epoch=10, **STREAM)
    callbacks = [lambda epoch, logs: None] if paused else []
    rng = np.random.default_rng(0)
    for _ in range(20):
        with interrupted_after(rng.uniform(0.005, 0.06)):
            ae.fit(samples(), epochs=10**9, steps_per_epoch=3, callbacks=callbacks, **STREAM)
        check_usable(ae, twin)
    assert ae.progress.step > 100


@posix
def test_ctrl_c_is_heard_in_the_middle_of_a_large_step():
    # a step of some seconds: it is the chunks in it that look for the stop
    x = np.random.default_rng(0).random((20_000, 256), np.float32)
    ae = tae.Autoencoder([tae.Dense(512, "tanh"), tae.Dense(512, "tanh")], [tae.Dense(256)])
    ae.fit(x[:64], batch_size=64, verbose=0)
    kept = ae.parameters.copy()
    with interrupted_after(0.15):
        ae.fit(x, epochs=1000, batch_size=20_000, verbose=0)
    assert ae.progress.step >= 1
    assert ae.progress.epoch == len(ae.history["loss"])
    if ae.progress.step == 1:
        assert ae.parameters.tobytes() == kept.tobytes()


def image_model(**options):
    """Steps of about half a second at the batches below."""
    return tae.Autoencoder(
        [tae.Conv2D(32, 3, padding="same", activation="relu"), tae.MaxPooling2D()],
        [tae.UpSampling2D(), tae.Conv2D(1, 5, padding="same", activation="sigmoid")],
        **{"loss": "bce", "input_shape": (28, 28, 1), **options},
    )


@posix
@pytest.mark.large
def test_ctrl_c_fifty_times_at_random_moments(tmp_path):
    """Of small and of large steps, of epochs with checkpoints, and of long validation."""
    rng = np.random.default_rng(0)
    images, rows = rng.random((600, 28, 28, 1), np.float32), rng.random((50_000, 6), np.float32)
    checkpoint = tae.ModelCheckpoint(tmp_path / "model")
    cases = [
        (small_model(optimizer=tae.Adam()), rows, {"batch_size": 32}),
        (small_model(optimizer=tae.Adam()), rows, {"batch_size": 50_000}),
        (small_model(), rows[:64], {"validation_data": rows, "callbacks": [checkpoint]}),
        (image_model(), images, {"batch_size": 600}),
        (image_model(dtype="float64", threads=1), images, {"validation_data": images}),
    ]
    for model, x, _ in cases:  # the first steps compile
        model.fit(x[:8], epochs=1, verbose=0)
        model.evaluate(x[:8])
    delays = []
    for _ in range(10):
        for model, x, options in cases:
            kept, steps = model.parameters.copy(), model.progress.step
            with interrupted_after(rng.uniform(0, 0.3), within=1.9) as late:
                model.fit(x, epochs=10**9, verbose=0, **options)
            delays += late
            assert (model.progress.step == steps) == (model.parameters.tobytes() == kept.tobytes())
            assert {len(each) for each in model.history.values()} == {model.progress.epoch}
            assert np.isfinite(model.encode(x[:8])).all()
    assert len(delays) == 50
    assert sorted(delays)[-4] < 0.3  # a busy machine may hold up three of them
    assert tae.load(tmp_path / "model").progress.epoch >= cases[2][0].progress.epoch - 1
    for model, x, _ in cases:
        epochs = model.progress.epoch
        assert len(model.fit(x[:64], epochs=2, verbose=0)["loss"]) == 2
        assert model.progress.epoch == epochs + 2


@posix
def test_a_whole_epoch_cut_short_is_begun_anew():
    ae = small_model(optimizer=tae.Adam())
    with interrupted_after(0.05):
        ae.fit(samples(), epochs=10**9, batch_size=5, verbose=0)
    epochs, steps = ae.progress.epoch, ae.progress.step
    history = ae.fit(samples(), epochs=2, batch_size=5, verbose=0)
    assert len(history["loss"]) == 2
    assert (ae.progress.epoch, ae.progress.step) == (epochs + 2, steps + 20)
    assert ae.progress.position == 0


class InterruptAtCall:
    """A profiler that raises SIGINT at the n-th place in tinyae where Python would hear of one.

    Python looks for signals when one of its functions begins and when one written in C returns.
    """

    def __init__(self, place):
        self.place, self.places, self.where = place, 0, ""

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if event not in ("call", "c_return") or not code.co_filename.startswith(PACKAGE):
            return
        if code.co_name == "<genexpr>":  # one may be closed just now, where no error can be raised
            return
        self.places += 1
        if self.places == self.place:
            self.where = f"{Path(code.co_filename).name}:{frame.f_lineno}"
            signal.raise_signal(signal.SIGINT)


def profiled_fit(ae, place, **settings):
    """Fit, with Ctrl-C at the given place."""
    profile, before = InterruptAtCall(place), sys.getprofile()
    sys.setprofile(profile)
    try:
        ae.fit(samples(), epochs=3, steps_per_epoch=2, **settings, **STREAM)
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(before)
    return profile


@posix
@LOSSES
@pytest.mark.parametrize("paused", [False, True], ids=["free", "paused"])
def test_ctrl_c_wherever_python_hears_it_leaves_whole_steps_and_epochs(loss, paused):
    callbacks = [lambda epoch, logs: None] if paused else []
    places = profiled_fit(small_model(loss, tae.Adam()), 0, callbacks=callbacks).places
    assert places > 50
    broken = []
    for place in range(1, places + 1, 2):
        ae, twin = small_model(loss, tae.Adam()), small_model(loss, tae.Adam())
        profile = profiled_fit(ae, place, callbacks=callbacks)
        try:
            check_usable(ae, twin)
            ae.fit(samples(), **STREAM)  # nothing is left locked
        except (AssertionError, RuntimeError):
            broken.append(profile.where)
    assert broken == [], f"{len(broken)} of {places} places"
