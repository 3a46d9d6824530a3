"""The end of a training, on every way out: who is told, and which parameters stay."""

import contextlib
import os
import sys

import numpy as np
import pytest

import tinyae as tae
from tests.support.interrupts import interrupted_at
from tests.support.small_models import LOSSES, STREAM, samples, small_model
from tinyae.system.numba_parts import DISABLED

# Without JIT the kernels are NumPy code, which warns where compiled code does not.
if DISABLED:
    pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


class Told:
    """A callback that writes down what it hears, and fails where it is told to."""

    def __init__(self, name, heard, fails=()):
        self.name, self.heard, self.fails = name, heard, fails

    def hear(self, what):
        self.heard.append((self.name, what))
        if what in self.fails:
            raise RuntimeError(self.name)

    def set_model(self, model):
        self.hear("model")

    def __call__(self, epoch, logs):
        self.hear(epoch)

    def on_train_end(self):
        self.hear("end")


def ends(heard):
    return [name for name, what in heard if what == "end"]


@pytest.mark.parametrize("epochs", [0, 2])
def test_each_is_told_once_in_their_order_after_the_last_epoch(epochs):
    heard = []
    plain = [lambda epoch, logs: heard.append(("plain", epoch))]
    callbacks = [Told("a", heard), *plain, Told("b", heard)]
    small_model().fit(samples(), epochs=epochs, callbacks=callbacks, verbose=0)
    each = [(name, epoch) for epoch in range(epochs) for name in ("a", "plain", "b")]
    assert heard == [("a", "model"), ("b", "model"), *each, ("a", "end"), ("b", "end")]


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_each_is_told_where_a_callback_raises(error):
    def fail(epoch, logs):
        raise error

    heard = []
    with pytest.raises(type(error)) as caught:
        small_model().fit(samples(), callbacks=[Told("a", heard), fail, Told("b", heard)], **STREAM)
    assert caught.value is error
    assert ends(heard) == ["a", "b"]


@pytest.mark.parametrize("failing", ["a", "b", "c", "abc"])
def test_each_is_told_where_anothers_end_raises(failing):
    heard = []
    callbacks = [Told(name, heard, {"end"} if name in failing else ()) for name in "abc"]
    with pytest.raises(RuntimeError) as caught:
        small_model().fit(samples(), callbacks=callbacks, **STREAM)
    assert ends(heard) == ["a", "b", "c"]
    error, raised = caught.value, ""
    while error is not None:  # none is lost
        raised, error = str(error) + raised, error.__context__
    assert raised == failing


def test_an_error_in_the_training_stands_behind_one_at_its_end():
    heard = []
    with pytest.raises(RuntimeError, match="b") as caught:
        small_model().fit(
            samples(), callbacks=[Told("a", heard, {0}), Told("b", heard, {"end"})], **STREAM
        )
    assert str(caught.value.__context__) == "a"


@pytest.mark.parametrize(
    "wrong",
    [
        {"x": np.zeros((5, 7))},
        {"validation_data": np.zeros((5, 7))},
        {"epochs": -1},
        {"verbose": 3},
        {"initial_epoch": 0.5},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_nobody_is_told_of_a_training_that_is_refused(wrong):
    heard = []
    with pytest.raises(ValueError, match=next(iter(wrong))):
        small_model().fit(**{"x": samples(), "callbacks": [Told("a", heard)], **wrong})
    assert heard == []


def test_nobody_is_told_who_was_not_given_the_model():
    """What it was told before would be of another training."""
    heard, ae, other = [], small_model(), small_model(optimizer=tae.SGD(1))
    stopping = tae.EarlyStopping("loss", restore_best_weights=True)
    ae.fit(samples(), callbacks=stopping, **STREAM)
    kept = ae.parameters.copy()
    callbacks = [Told("a", heard), Told("b", heard, {"model"}), Told("c", heard), stopping]
    with pytest.raises(RuntimeError, match="b"):
        other.fit(samples(), callbacks=callbacks, **STREAM)
    assert heard == [("a", "model"), ("b", "model"), ("a", "end")]
    assert ae.parameters.tobytes() == kept.tobytes()


def test_each_is_told_where_the_progress_line_cannot_be_written(monkeypatch):
    class Broken:
        def write(self, text):
            raise BrokenPipeError

    heard = []
    monkeypatch.setattr(sys, "stdout", Broken())
    for verbose in (1, 2):  # breaks while it trains, and where the line is closed
        with pytest.raises(BrokenPipeError):
            small_model().fit(samples(), callbacks=[Told(verbose, heard)], verbose=verbose)
    assert ends(heard) == [1, 2]


# The best parameters


class Script:
    """A callback that writes the figures that the callbacks after it will see, and does things."""

    def __init__(self, model, *steps):
        self.model, self.steps, self.kept = model, steps, []

    def __call__(self, epoch, logs):
        self.kept.append(self.model.parameters.copy())
        score, act = self.steps[epoch]
        if score is not None:
            logs["score"] = score
        return act(self.model)


def nothing(model):
    pass


def stop(model):
    return True


def fail(model):
    raise OSError


def ctrl_c(model):
    raise KeyboardInterrupt


def jump(model):
    model.optimizer.learning_rate = 1e30


# After the best epoch, the second: what figures the others have and what happens in them; the
# patience; and what comes out of `fit`
WAYS_OUT = {
    "all epochs": ([(2, nothing), (3, nothing)], 9, None),
    "itself": ([(2, nothing), (3, nothing), (1, nothing)], 2, None),
    "another callback": ([(2, nothing), (2, stop), (2, nothing)], 9, None),
    "an error": ([(2, fail), (2, nothing)], 9, OSError),
    "its own error": ([(2, nothing), (None, nothing)], 9, ValueError),
    "Ctrl-C": ([(2, nothing), (2, ctrl_c)], 9, KeyboardInterrupt),
    "divergence": ([(2, jump), (3, nothing)], 9, tae.TrainingDiverged),
}


def train_out(way, restore, loss):
    """A model after training ended in that way, and the parameters of its best epoch."""
    steps, patience, error = WAYS_OUT[way]
    ae = small_model(loss, tae.SGD(0.1, momentum=0.9))
    script = Script(ae, (3, nothing), (1, nothing), *steps)
    stopping = tae.EarlyStopping("score", patience, restore_best_weights=restore)
    with pytest.raises(error) if error else contextlib.nullcontext():
        ae.fit(samples(), epochs=len(script.steps), callbacks=[script, stopping], **STREAM)
    assert (stopping.best, stopping.best_epoch) == (1, 1)
    return ae, script.kept[1]


@LOSSES
@pytest.mark.parametrize("way", WAYS_OUT)
def test_the_best_parameters_are_put_back_on_every_way_out(way, loss):
    ae, best = train_out(way, True, loss)
    assert ae.parameters.tobytes() == best.tobytes()
    left, _ = train_out(way, False, loss)
    assert left.parameters.tobytes() != best.tobytes()
    assert ae.slots.tobytes() == left.slots.tobytes()
    assert ae.progress == left.progress


def test_what_comes_later_in_the_list_finds_the_best_parameters():
    class Last:
        def __call__(self, epoch, logs):
            pass

        def on_train_end(self):
            self.parameters = ae.parameters.copy()

    ae, last = small_model(), Last()
    stopping = tae.EarlyStopping("score", restore_best_weights=True, patience=5)
    script = Script(ae, (1, nothing), (2, nothing))
    ae.fit(samples(), epochs=2, callbacks=[script, stopping, last], **STREAM)
    assert last.parameters.tobytes() == script.kept[0].tobytes()


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX sends them")
@LOSSES
def test_ctrl_c_wherever_python_hears_it_puts_the_best_parameters_back(loss):
    """In the epochs before the best one, in those after it, and on the way out."""

    def train(place):
        ae = small_model(loss, tae.Adam())
        script = Script(ae, (2, nothing), (1, nothing), (3, nothing))
        stopping = tae.EarlyStopping("score", 9, restore_best_weights=True)
        callbacks = [script, stopping]
        profile = interrupted_at(
            place, lambda: ae.fit(samples(), epochs=3, callbacks=callbacks, **STREAM)
        )
        best = stopping.best_epoch if hasattr(stopping, "best_epoch") else None
        right = best is None or ae.parameters.tobytes() == script.kept[best].tobytes()
        return profile, right, best

    places = train(0)[0].places
    found = [train(place) for place in {*range(1, places, 23), *range(places - 50, places + 1)}]
    assert {best for *_, best in found} == {None, 0, 1}
    broken = [profile.where for profile, right, _ in found if not right]
    assert broken == [], f"{len(broken)} of {places} places"


@pytest.mark.parametrize("value", [float("nan"), 0.5, 1.0, -1, True, "3", None])
def test_a_patience_that_is_no_count_is_refused(value):
    with pytest.raises(ValueError, match="patience must be a whole number"):
        tae.EarlyStopping(patience=value)
    stopping = tae.EarlyStopping(patience=3)
    with pytest.raises(ValueError, match="patience must be a whole number"):
        stopping.patience = value
    assert stopping.patience == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, True, "0.1", None])
def test_a_min_delta_that_is_no_distance_is_refused(value):
    with pytest.raises(ValueError, match="min_delta must be zero or positive"):
        tae.EarlyStopping(min_delta=value)
    stopping = tae.EarlyStopping(min_delta=0.1)
    with pytest.raises(ValueError, match="min_delta must be zero or positive"):
        stopping.min_delta = value
    assert stopping.min_delta == 0.1
