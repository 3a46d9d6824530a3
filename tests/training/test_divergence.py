"""A loss that is no longer finite: training ends with the parameters of the last finite one."""

import pickle

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import LOSSES, STREAM, samples, small_model
from tinyae.engine import tuning
from tinyae.system.numba_parts import DISABLED
from tinyae.training.divergence import WayBack
from tinyae.training.pace import Pace

# Without JIT the kernels are NumPy code, which warns where compiled code does not.
if DISABLED:
    pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def figures(history):
    return {key: values for key, values in history.items() if key != "seconds"}


# Gradient descent with too large a rate overflows after some tens of steps; which
# step it is, a second model tells that is taken there one step at a time.


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
    monkeypatch.setattr(tuning, "STRETCH_SECONDS", stretch_seconds)
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
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
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


# Overflows that no loss shows


@pytest.mark.parametrize("stretch_seconds", [0.1, 0.0], ids=["long", "single steps"])
@pytest.mark.parametrize("bad_step", [1, 2, 6, 7, 12])
def test_an_overflow_that_does_not_show_in_the_loss(bad_step, stretch_seconds, monkeypatch):
    """g² overflows in float32 long before the loss does; Adam would then stand still for ever."""
    monkeypatch.setattr(tuning, "STRETCH_SECONDS", stretch_seconds)
    x = np.ones((12, 2), np.float32)
    x[bad_step - 1] = 1e12  # the loss of this sample is about 1e24, its gradient's square 1e48

    def model():
        return tae.Autoencoder([tae.Dense(1)], [tae.Dense(2)], seed=0, input_shape=(2,))

    calm, ae = model(), model()
    options = {"batch_size": 1, "shuffle": False, "verbose": 0}
    if bad_step > 1:
        calm.fit(x[: bad_step - 1], **options)
    with pytest.raises(tae.TrainingDiverged, match="means overflowed in epoch 1") as caught:
        ae.fit(x, **options)
    assert caught.value.step == bad_step
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
    assert ae.parameters.tobytes() == calm.parameters.tobytes()
    assert ae.slots.tobytes() == calm.slots.tobytes()
    assert ae.progress.step == bad_step - 1
    assert np.isfinite(ae.reconstruct(x)).all()


def test_memory_to_remember_in_is_used_again_and_is_no_part_of_the_model():
    x = np.random.default_rng(0).random((20, 4))
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], seed=0)
    ae.fit(x, verbose=0)
    first, *_ = known = vars(ae)["_remembered"]
    ae.fit(x, verbose=0)
    assert vars(ae)["_remembered"][0] is first
    assert not any(np.shares_memory(a, b) for a in known for b in (ae.parameters, ae.slots))
    for twin in (ae.copy(), pickle.loads(pickle.dumps(ae))):
        assert vars(twin)["_remembered"] is None
        twin.fit(x, verbose=0)


def test_a_next_training_of_the_same_begins_with_a_long_stretch(monkeypatch, tmp_path):
    x, stretches = np.random.default_rng(0).random((640, 4)), []
    remember = WayBack.remember

    def counted(way_back, plan):
        stretches.append(len(plan.bounds) - 1)
        return remember(way_back, plan)

    def first(model, x=x, **options):
        stretches.clear()
        model.fit(x, verbose=0, **options)
        return stretches[0]

    monkeypatch.setattr(WayBack, "remember", counted)
    monkeypatch.setattr(tuning, "STRETCH_SECONDS", 1e4)  # however slow the machine is
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], seed=0)
    assert first(ae) == 1
    assert first(ae) == 20
    assert first(ae, batch_size=16) == 1
    assert first(ae, batch_size=16) == 40
    assert first(ae, batch_size=16, eager=True) == 1
    assert first(ae, batch_size=16) == 1
    assert first(ae.copy(), batch_size=16) == 1
    ae.loss = tae.Huber()
    assert first(ae, batch_size=16) == 1
    assert first(ae, batch_size=16) == 40
    mapped = np.memmap(tmp_path / "rows", float, "w+", shape=x.shape)
    mapped[...] = x
    for slow in (mapped, mapped.view(np.ndarray), np.lib.stride_tricks.as_strided(mapped)):
        assert first(ae, slow, batch_size=16) == 1  # to read them may take any time


@pytest.mark.parametrize(
    "retrain", [lambda ae, x: ae.fit(x, verbose=0), tae.Autoencoder.train_on_batch]
)
def test_losses_are_not_compared_by_an_equality_of_their_own(retrain):
    class Unequal(tae.MSE):
        def __eq__(self, other):
            return np.ones(3) == 1

        __hash__ = None

    x = np.random.default_rng(0).random((64, 4))
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], seed=0)
    for _ in range(2):
        ae.loss = Unequal()
        retrain(ae, x)


@pytest.mark.parametrize("seed", range(3))
def test_what_diverged_does_not_depend_on_the_stretches(seed, monkeypatch):
    """Here the parameters overflow in one step, and the loss in the next."""
    x, found = np.random.default_rng(seed).random((33, 40)), set()
    for steps in (1, 2, 3, 7, 50):
        layers = [tae.Dense(33, "elu"), tae.Dense(2)], [tae.Dense(33, "elu"), tae.Dense(40)]
        ae = tae.Autoencoder(*layers, optimizer=tae.SGD(1e6), seed=3)

        def begin(pace, *_, steps=steps):
            pace.steps = steps

        monkeypatch.setattr(Pace, "begin", begin)
        with pytest.raises(tae.TrainingDiverged) as caught:
            ae.fit(x, epochs=9, batch_size=7, verbose=0)
        found.add((str(caught.value), ae.parameters.tobytes(), ae.progress.step))
    assert len(found) == 1


@pytest.mark.parametrize("eager", [False, True])
def test_a_loss_that_is_infinite_before_any_step_is_no_learning_rates_fault(eager):
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(3)], (3,), seed=0)
    large = np.full((8, 3), 1e30)
    for train in (lambda: ae.fit(large, eager=eager, verbose=0), lambda: ae.train_on_batch(large)):
        with pytest.raises(
            tae.TrainingDiverged, match=r"at step 1; .*No step came before"
        ) as caught:
            train()
        assert "learning rate" not in str(caught.value)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    ae.fit(large / 1e30, eager=eager, verbose=0)
    with pytest.raises(tae.TrainingDiverged, match=r"at step 2; .*smaller learning rate"):
        ae.fit(large, eager=eager, verbose=0)
