"""The learning rate in the history, where it changes, and the line that says so."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import samples, small_model

RATE = 0.08


def halving(**options):
    given = {"factor": 0.5, "patience": 1, "min_delta": 1e9, **options}
    return tae.ReduceLROnPlateau("loss", **given)


def test_each_epoch_has_the_rate_of_its_steps():
    ae = small_model(optimizer=tae.SGD(RATE))
    history = ae.fit(samples(), epochs=4, callbacks=halving(), verbose=0)
    assert history["learning_rate"] == [RATE, RATE, RATE / 2, RATE / 4]
    ae.fit(samples(), verbose=0)
    np.testing.assert_array_equal(ae.history["learning_rate"][:4], history["learning_rate"])
    assert np.isnan(ae.history["learning_rate"][4])  # as nothing changed it there


@pytest.mark.parametrize("paused", [False, True])
def test_of_a_schedule_it_is_that_of_the_last_step(paused):
    schedule = tae.CosineDecay(0.1, 20)
    ae = small_model(optimizer=tae.Adam(schedule))
    given = {"callbacks": [lambda epoch, logs: None]} if paused else {}
    history = ae.fit(samples(), epochs=3, batch_size=len(samples()) // 4, verbose=0, **given)
    assert history["learning_rate"] == [schedule(step) for step in (3, 7, 11)]
    history = ae.fit(samples(), epochs=1, batch_size=len(samples()) // 4, verbose=0)
    assert history["learning_rate"] == [schedule(15)]


def test_a_callback_of_ones_own_may_change_it():
    ae = small_model(optimizer=tae.SGD(RATE))

    def own(epoch, logs):
        assert ("learning_rate" in logs) == (epoch > 1)
        if epoch == 1:
            ae.optimizer.learning_rate = RATE / 8

    ae.fit(samples(), verbose=0)
    ae.progress.epoch = 0
    history = ae.fit(samples(), epochs=4, callbacks=own, verbose=0)
    assert history["learning_rate"] == [RATE, RATE, RATE / 8, RATE / 8]
    assert ae.history["learning_rate"][1:] == history["learning_rate"]
    assert {len(figures) for figures in ae.history.values()} == {5}


def test_a_rate_that_stays_is_no_figure():
    history = small_model().fit(
        samples(), callbacks=[lambda epoch, logs: None, tae.EarlyStopping("loss")], verbose=0
    )
    assert "learning_rate" not in history


def test_a_checkpoint_may_name_it(tmp_path):
    checkpoint = tae.ModelCheckpoint(tmp_path / "{epoch}-{learning_rate:g}.npz")
    ae = small_model(optimizer=tae.SGD(RATE))
    ae.fit(samples(), epochs=3, callbacks=[halving(), checkpoint], verbose=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("1-0.08.npz", "2-0.08.npz", "3-0.04.npz"),
    ]
    with pytest.raises(ValueError, match=r"path .* may name epoch, loss"):
        ae.fit(samples(), callbacks=checkpoint, verbose=0)


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_each_reduction_is_shown_once(verbose, capsys):
    plateau = halving(patience=2)
    small_model(optimizer=tae.SGD(RATE)).fit(
        samples(), epochs=5, callbacks=plateau, verbose=verbose
    )
    lines = capsys.readouterr().out.replace("\r", "\n").splitlines()
    said = [line for line in lines if "learning rate" in line]
    first = "the learning rate is 0.04 from here on"
    assert len(said) == (2 if verbose else 0)
    assert not verbose or (said[0].startswith("epoch 3: loss was best with") and first in said[0])
    assert plateau.note.startswith("epoch 5: ")


CALLBACKS = {
    "EarlyStopping": lambda: tae.EarlyStopping("loss", patience=1),
    "ReduceLROnPlateau": halving,
    "ModelCheckpoint": lambda: tae.ModelCheckpoint("model.npz"),
}


@pytest.mark.parametrize("name", CALLBACKS)
@pytest.mark.parametrize("attribute", ["pateince", "best", "note", "mode"])
def test_a_callback_has_no_other_attributes(name, attribute):
    callback = CALLBACKS[name]()
    said = f"{name} has no {attribute} to assign to|{attribute} is the class's"
    with pytest.raises(ValueError, match=said) as refused:
        setattr(callback, attribute, 3)
    if attribute == "pateince" and name != "ModelCheckpoint":
        assert str(refused.value).endswith("; did you mean 'patience'?")
    callback.monitor = "loss"
    assert attribute not in vars(callback)


def test_one_derived_from_them_may_have_its_own():
    class Own(tae.EarlyStopping):
        def __call__(self, epoch, logs):
            self.seen = epoch
            return super().__call__(epoch, logs)

    own = Own("loss")
    small_model().fit(samples(), epochs=1, callbacks=own, verbose=0)
    assert own.seen == 0
