"""Callbacks: who is called when and with what, what they may do, and early stopping."""

import math

import numpy as np
import pytest

import tinyae as tae


def samples(n=40, seed=0):
    return np.random.default_rng(seed).random((n, 4)).astype(np.float32)


def small_model(**settings):
    return tae.Autoencoder([tae.Dense(2, "tanh")], [tae.Dense(4)], input_shape=(4,), **settings)


def fit(ae, callbacks, epochs=4, **settings):
    settings = {"batch_size": 8, "verbose": 0, **settings}
    return ae.fit(samples(), epochs=epochs, callbacks=callbacks, **settings)


def test_callbacks_get_epochs_from_0_and_the_figures_of_the_history():
    ae, seen = small_model(), []
    history = fit(ae, [lambda *call: seen.append(call)], validation_data=samples(10, 1))
    assert [epoch for epoch, _ in seen] == [0, 1, 2, 3]
    assert history == {key: [logs[key] for _, logs in seen] for key in seen[0][1]}
    fit(ae, [lambda *call: seen.append(call)], epochs=2)
    assert [epoch for epoch, _ in seen[4:]] == [4, 5]


def test_callbacks_see_the_model_as_it_is_after_the_epoch():
    ae, stepped = small_model(), small_model()
    seen = []

    def look(epoch, logs):
        seen.append((ae.parameters.copy(), ae.progress.step, len(ae.history["loss"])))

    fit(ae, [look], epochs=3)
    for epoch, (parameters, step, length) in enumerate(seen):
        fit(stepped, [], epochs=1)
        assert parameters.tobytes() == stepped.parameters.tobytes()
        assert (step, length) == (5 * (epoch + 1), epoch + 1)


def test_callbacks_are_called_in_their_order_and_may_be_any_iterable():
    calls = []
    callbacks = (lambda e, _, name=name: calls.append((name, e)) for name in "abc")
    fit(small_model(), callbacks, epochs=2)
    assert calls == [(name, epoch) for epoch in range(2) for name in "abc"]


def test_set_model_is_called_before_the_first_epoch():
    class Watcher:
        def set_model(self, model):
            self.model, self.steps = model, model.progress.step

        def __call__(self, epoch, logs):
            assert self.model.progress.step > self.steps

    ae, watcher = small_model(), Watcher()
    fit(ae, [watcher])
    assert watcher.model is ae


@pytest.mark.parametrize("answer", [None, False, 0, 1, "yes"])
def test_only_true_stops(answer):
    ae = small_model()
    fit(ae, [lambda epoch, logs: answer])
    assert ae.progress.epoch == 4


def test_true_stops_after_all_callbacks_have_been_called():
    ae, called = small_model(), []
    callbacks = [lambda epoch, logs: epoch == 1, lambda epoch, logs: called.append(epoch)]
    assert len(fit(ae, callbacks)["loss"]) == 2
    assert called == [0, 1]
    fit(ae, [], epochs=2)
    assert ae.progress.epoch == 4


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_a_callbacks_exception_comes_out_and_the_epoch_stands(error):
    ae, straight = small_model(), small_model()

    def fail(epoch, logs):
        if epoch == 2:
            raise error

    with pytest.raises(type(error)) as caught:
        fit(ae, [fail])
    assert caught.value is error
    assert ae.progress.epoch == len(ae.history["loss"]) == 3
    fit(ae, [], epochs=1)
    fit(straight, [], epochs=4)
    assert ae.parameters.tobytes() == straight.parameters.tobytes()
    assert ae.history["loss"] == straight.history["loss"]


def test_a_model_is_not_fitted_inside_its_own_fit():
    ae = small_model()
    with pytest.raises(RuntimeError, match="being trained"):
        fit(ae, [lambda epoch, logs: fit(ae, [])])
    fit(ae, [], epochs=1)
    assert ae.progress.epoch == 2


@pytest.mark.parametrize("eager", [False, True])
def test_a_learning_rate_changed_by_a_callback_takes_effect(eager):
    class Loss:
        def value_and_gradient(self, output, target):
            return tae.MSE().value_and_gradient(output, target)

    loss = Loss() if eager else "mse"
    ae, by_hand = (small_model(optimizer=tae.SGD(0.1), loss=loss) for _ in range(2))

    def halve(epoch, logs):
        ae.optimizer.learning_rate /= 2

    fit(ae, [halve], epochs=3)
    for rate in (0.1, 0.05, 0.025):
        by_hand.optimizer.learning_rate = rate
        fit(by_hand, [], epochs=1)
    assert ae.parameters.tobytes() == by_hand.parameters.tobytes()


def test_parameters_written_by_a_callback_are_trained_on():
    ae = small_model()
    fit(ae, [lambda epoch, logs: ae.parameters.fill(0)], epochs=2)
    assert not ae.parameters.any()


# Early stopping


class Script:
    """A callback that writes the figures that the callbacks after it will see."""

    def __init__(self, values, key="score"):
        self.values, self.key = values, key

    def __call__(self, epoch, logs):
        logs[self.key] = self.values[epoch]


def stopped_after(values, **settings):
    stopping = tae.EarlyStopping("score", **settings)
    ae = small_model()
    fit(ae, [Script(values), stopping], epochs=len(values))
    return ae.progress.epoch, stopping


@pytest.mark.parametrize(
    ("patience", "epochs"),
    [(0, 3), (1, 3), (2, 4), (3, 8)],
)
def test_patience_counts_epochs_without_improvement_as_keras_does(patience, epochs):
    # Keras stops once `patience` epochs in a row (at least one) have brought no improvement.
    values = [5.0, 4.0, 4.5, 4.5, 3.9, 3.95, 3.95, 3.95, 3.95]
    assert stopped_after(values, patience=patience)[0] == epochs


def test_an_equal_figure_is_no_improvement():
    assert stopped_after([1.0, 1.0, 0.5])[0] == 2


def test_min_delta_is_what_an_improvement_must_exceed():
    values = [1.0, 0.95, 0.5]
    assert stopped_after(values)[0] == 3
    assert stopped_after(values, min_delta=0.1)[0] == 2


def test_small_steps_add_up_against_the_best_figure():
    # each falls by less than min_delta, together they do not
    epochs, stopping = stopped_after([1.0, 0.94, 0.88, 0.82], patience=3, min_delta=0.1)
    assert (epochs, stopping.best, stopping.best_epoch) == (4, 0.88, 2)
    assert stopping.stopped_epoch is None


def test_nan_never_improves():
    epochs, stopping = stopped_after([1.0, np.nan, np.nan])
    assert (epochs, stopping.best_epoch, stopping.stopped_epoch) == (2, 0, 1)


@pytest.mark.parametrize("restore", [False, True])
def test_the_best_epochs_weights_are_put_back_on_request(restore):
    ae, kept = small_model(), []
    stopping = tae.EarlyStopping("score", patience=1, restore_best_weights=restore)
    values = Script([3.0, 2.0, 2.5, 2.5, 2.5])
    fit(ae, [values, lambda e, _: kept.append(ae.parameters.copy()), stopping], epochs=5)
    assert len(kept) in (3, 4)
    assert (stopping.best, stopping.best_epoch) == (2.0, 1)
    assert stopping.stopped_epoch == len(kept) - 1
    assert np.array_equal(ae.parameters, kept[1 if restore else -1])
    assert not np.array_equal(kept[1], kept[-1])


def test_a_second_fit_begins_anew():
    ae, stopping = small_model(), tae.EarlyStopping("loss", patience=10)
    fit(ae, [stopping])
    low = stopping.best
    fit(ae, [Script([0, 0, 0, 0, 9.0, 8.0], "loss"), stopping], epochs=2)
    assert (stopping.best, stopping.best_epoch) == (8.0, 5)
    assert low < 8


def test_it_stops_a_real_training_on_its_validation_loss():
    ae = small_model(optimizer=tae.Adam(0.05))
    stopping = tae.EarlyStopping(patience=3, restore_best_weights=True)
    history = fit(ae, [stopping], epochs=1000, validation_data=samples(10, 1))
    assert stopping.stopped_epoch == len(history["loss"]) - 1 < 999
    best = min(history["val_loss"])
    assert stopping.best == best == history["val_loss"][stopping.best_epoch]
    assert ae.evaluate(samples(10, 1))["loss"] == best


@pytest.mark.parametrize("verbose", [0, 1, 2])
@pytest.mark.parametrize("restore", [False, True])
def test_why_it_stopped_is_shown_in_one_line_unless_nothing_is(verbose, restore, capsys):
    ae, stop = small_model(), tae.EarlyStopping("penalty", restore_best_weights=restore)
    ae.fit(samples(), epochs=9, callbacks=[stop], verbose=verbose)
    back = ", whose parameters are put back" * restore
    told = f"stopped early: penalty was best with 0.000 in epoch 1{back}"
    assert stop.reason == told
    assert (stop.best_epoch, stop.stopped_epoch) == (0, 1)
    lines = capsys.readouterr().out.splitlines()
    assert (lines[-1:] == [told]) == (verbose > 0)
    assert len([line for line in lines if "stopped" in line]) == (verbose > 0)
    ae.fit(samples(), epochs=1, callbacks=[stop], verbose=verbose)
    assert stop.reason == ""
    assert "stopped" not in capsys.readouterr().out


def test_a_figure_that_never_was_a_number_is_said_to_be_so():
    stop = tae.EarlyStopping("loss")
    assert stop.reason == ""
    stop.set_model(None)
    assert stop(0, {"loss": math.nan})
    assert stop.reason == "stopped early: loss was never a number"


def test_a_callback_of_ones_own_says_nothing_of_its_reason(capsys):
    class Own:
        reason = "mine"

        def __call__(self, epoch, logs):
            return True

    small_model().fit(samples(), epochs=3, callbacks=[Own()], verbose=2)
    assert "mine" not in capsys.readouterr().out


def test_a_figure_that_is_not_there_is_named():
    ae = small_model()
    before = ae.parameters.tobytes()
    checkpoint = tae.ModelCheckpoint("{accuracy}")
    for callbacks, message in [
        ([tae.EarlyStopping()], r"'val_loss'.*validation_data"),
        ([tae.EarlyStopping("accuracy")], r"'accuracy'.*loss"),
        ([tae.EarlyStopping("loss"), checkpoint], "path '{accuracy}' may name epoch, loss"),
        ([tae.ModelCheckpoint("x", save_best_only=True)], "'val_loss'.*validation_data"),
    ]:
        with pytest.raises(ValueError, match=message):
            fit(ae, callbacks)
        assert (ae.progress.epoch, dict(ae.history), ae.parameters.tobytes()) == (0, {}, before)


def test_a_figure_that_another_callback_adds_is_there():
    def add(epoch, logs):
        logs["score"] = -epoch

    ae = small_model()
    fit(ae, [add, tae.EarlyStopping("score")])
    assert ae.progress.epoch > 0
    with pytest.raises(ValueError, match=r"'missing'.*score"):  # after an epoch
        fit(ae, [add, tae.EarlyStopping("missing")])


def test_epochs_that_are_not_trained_are_not_counted():
    ae = small_model()
    ae.fit(samples(), epochs=3, verbose=0)
    assert not ae.fit(samples(), epochs=1, initial_epoch=2, verbose=0)
    assert ae.progress.epoch == 3


@pytest.mark.parametrize("figures", ["abc", 5, [1.0, "x"]])
def test_a_history_that_holds_no_numbers_is_not_saved(figures, tmp_path):
    ae = small_model()
    ae.history["loss"] = figures
    with pytest.raises(ValueError, match="history must hold lists of numbers, but its loss"):
        ae.save(tmp_path / "model.npz", training_state=True)
    assert not list(tmp_path.iterdir())
