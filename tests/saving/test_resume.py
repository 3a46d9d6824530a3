"""Training that is saved and goes on in another process is the training that was never broken."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import IMAGES as x
from tests.support.small_models import dense, images

FOLDER = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
IMPORTS = f"""
import os, signal, sys
sys.path.insert(0, {FOLDER!r})
import tinyae as tae
from tests.support.small_models import IMAGES as x, dense
"""
GO_ON = """
path, epochs, options = sys.argv[1], int(sys.argv[2]), eval(sys.argv[3])
model = tae.load(path, threads=1)
model.fit(x, epochs=epochs, validation_data=x[:9], verbose=0, **options)
model.save(path, training_state=True)
"""


def go_on(path, epochs, options):
    command = [sys.executable, "-c", IMPORTS + GO_ON, str(path), str(epochs), repr(options)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def assert_same_training(one, other):
    assert one.parameters.tobytes() == other.parameters.tobytes()
    assert one.slots.tobytes() == other.slots.tobytes()
    assert one.progress == other.progress
    assert one.history.keys() == other.history.keys()
    for name in one.history.keys() - {"seconds"}:
        assert one.history[name] == other.history[name]


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (dense, {"batch_size": 16}),
        (dense, {"batch_size": 16, "steps_per_epoch": 3}),
        (dense, {"batch_size": 16, "shuffle": False}),
        (images, {"batch_size": 32, "steps_per_epoch": 2}),
    ],
)
def test_ten_epochs_are_five_and_five_in_a_new_process(build, options, tmp_path):
    whole, half, path = build(), build(), tmp_path / "half.npz"
    whole.fit(x, epochs=10, validation_data=x[:9], verbose=0, **options)
    half.fit(x, epochs=5, validation_data=x[:9], verbose=0, **options)
    half.save(path, training_state=True)
    go_on(path, 5, options)
    resumed = tae.load(path)
    assert_same_training(resumed, whole)
    assert len(resumed.history["val_loss"]) == 10
    assert not np.array_equal(half.parameters, whole.parameters)


def test_without_the_training_state_it_begins_anew(tmp_path):
    model = dense()
    model.fit(x, epochs=2, verbose=0)
    model.save(tmp_path / "model.npz")
    loaded = tae.load(tmp_path / "model.npz", threads=1)
    model.fit(x, epochs=1, verbose=0)
    loaded.fit(x, epochs=1, verbose=0)
    assert len(loaded.history["loss"]) == 1
    assert not np.array_equal(loaded.parameters, model.parameters)


def test_a_frozen_layer_stays_frozen(tmp_path):
    model = dense()
    model.layers[2].trainable = False
    model.fit(x, epochs=1, verbose=0)
    model.save(tmp_path / "model.npz", training_state=True)
    loaded = tae.load(tmp_path / "model.npz", threads=1)
    for each in (model, loaded):
        each.fit(x, epochs=2, verbose=0)
    assert_same_training(loaded, model)
    kernel = dense()
    kernel.build((6, 6, 1))
    np.testing.assert_array_equal(
        loaded.layers[2].weights["kernel"], kernel.layers[2].weights["kernel"]
    )


# ModelCheckpoint


def test_a_checkpoint_of_every_epoch_resumes_exactly(tmp_path):
    whole = dense()
    checkpoint = tae.ModelCheckpoint(tmp_path / "{epoch:02d}.npz")
    whole.fit(x, epochs=4, callbacks=[checkpoint], validation_data=x[:9], verbose=0)
    assert sorted(os.listdir(tmp_path)) == ["01.npz", "02.npz", "03.npz", "04.npz"]
    go_on(tmp_path / "02.npz", 2, {})
    assert_same_training(tae.load(tmp_path / "02.npz"), whole)
    assert_same_training(tae.load(tmp_path / "04.npz"), whole)


def test_only_the_best_epochs_are_kept(tmp_path):
    model = dense()
    model.build((6, 6, 1))
    checkpoint = tae.ModelCheckpoint(
        tmp_path / "{epoch}-{val_loss:.2f}.npz", save_best_only=True, training_state=False
    )
    checkpoint.set_model(model)
    for epoch, value in enumerate([0.5, 0.7, float("nan"), 0.4, 0.4]):
        checkpoint(epoch, {"loss": 1.0, "val_loss": value})
    assert sorted(os.listdir(tmp_path)) == ["1-0.50.npz", "4-0.40.npz"]
    assert checkpoint.best == 0.4
    assert tae.load(tmp_path / "4-0.40.npz").history == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "m", "save_best_only": True}, "monitors 'val_loss'.*pass validation_data to fit"),
        ({"path": "m", "save_best_only": True, "monitor": "accuracy"}, "monitors 'accuracy'"),
        ({"path": "{val_loss}"}, "may name epoch, loss"),
        ({"path": "{"}, "may name epoch, loss"),
        ({"path": "{epoch:q}"}, "may name epoch, loss"),
    ],
)
def test_checkpoints_that_cannot_be(options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        dense().fit(x, epochs=1, callbacks=[tae.ModelCheckpoint(**options)], verbose=0)
    assert not os.listdir()


@pytest.mark.skipif(not hasattr(os, "kill"), reason="needs signals")
def test_a_training_killed_at_any_moment_goes_on_from_its_checkpoint(tmp_path):
    """The checkpoint of a process that was killed is whole, and leads to the same end."""
    whole = dense()
    whole.fit(x, epochs=40, verbose=0)
    code = IMPORTS + textwrap.dedent(
        """
        def stop(epoch, logs):
            if epoch == 25:
                os.kill(os.getpid(), signal.SIGKILL)
        dense().fit(x, epochs=40, verbose=0,
                    callbacks=[tae.ModelCheckpoint(sys.argv[1] + "/last.npz"), stop])
        """
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)])
    assert done.returncode < 0
    assert os.listdir(tmp_path) == ["last.npz"]
    resumed = tae.load(tmp_path / "last.npz", threads=1)
    assert resumed.progress.epoch == 26
    resumed.fit(x, epochs=14, verbose=0)
    assert_same_training(resumed, whole)


class OwnLoss:
    def __init__(self, settings):
        pass

    def value_and_gradient(self, output, target):
        return float(((output - target) ** 2).mean()), 2 * (output - target) / output.size


UNSAVABLE = {
    "beta": lambda: ({"beta": lambda step: 0.5}, {}),
    "learning_rate": lambda: ({}, {"optimizer": tae.Adam(lambda step: 0.001)}),
    "OwnLoss": lambda: ({}, {"loss": OwnLoss(1)}),
    "kernel_initializer": lambda: ({"first": lambda shape, rng: np.ones(shape)}, {}),
}


@pytest.mark.parametrize("part", UNSAVABLE)
def test_what_cannot_be_saved_is_refused_before_training(part, tmp_path):
    parts, options = UNSAVABLE[part]()
    first = tae.Dense(4, kernel_initializer=parts.get("first", "zeros"))
    encoder = [first, tae.Variational(parts.get("beta", 1.0))]
    ae = tae.Autoencoder(encoder, [tae.Dense(3)], **options)
    seen = []
    calls = [lambda epoch, logs: seen.append(epoch), tae.ModelCheckpoint(tmp_path / "{epoch}")]
    with pytest.raises(ValueError, match=f"cannot be saved: .*{part}"):
        ae.fit(np.ones((5, 3)), epochs=3, callbacks=calls, verbose=0)
    assert (seen, ae.built, ae.progress.epoch) == ([], False, 0)
    assert not list(tmp_path.iterdir())
