"""Checks of single arguments: what is taken as it is meant, and what a part of a model gives."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import tinyae as tae
from tinyae.checks import arguments

X = np.random.default_rng(0).random((8, 4))
IMAGES = np.random.default_rng(0).random((3, 6, 6, 1))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (lambda: tae.Dense(2, "ReLU").activation, "relu"),
        (lambda: tae.Dense(2, "LeakyReLU").activation, "leaky_relu"),
        (lambda: tae.Dense(2, "Sigmoid").activation, "sigmoid"),
        (lambda: tae.Dense(2, kernel_initializer="HeNormal").kernel_initializer, "he_normal"),
        (lambda: tae.Conv2D(1, 2, padding="SAME").padding, "same"),
        (lambda: tae.MaxPooling2D(padding="Valid").padding, "valid"),
        (lambda: tae.GaussianSampler("FULL").covariance, "full"),
        (lambda: repr(model(loss="MSE").loss), "MSE()"),
        (lambda: repr(model(loss="MeanSquaredError").loss), "MSE()"),
        (lambda: repr(model(loss="Binary_Crossentropy").loss), "BCE()"),
        (lambda: type(model(optimizer="Adam").optimizer).__name__, "Adam"),
        (lambda: type(model(optimizer="SGD").optimizer).__name__, "SGD"),
    ],
)
def test_names_are_taken_as_meant(given, meant):
    assert given() == meant


def model(**settings):
    return tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], **settings)


def test_a_name_in_capitals_is_saved_as_what_it_means(tmp_path):
    net = tae.Sequential([tae.Conv2D(2, 3, padding="SAME", activation="ReLU")])
    net.build((6, 6, 1))
    net.save(tmp_path / "net.npz")
    twin = tae.load(tmp_path / "net.npz")
    assert (twin.layers[0].padding, twin.layers[0].activation) == ("same", "relu")
    np.testing.assert_array_equal(twin.predict(IMAGES), net.predict(IMAGES))


@pytest.mark.parametrize("callbacks", [None, [], (), lambda epoch, logs: None])
@pytest.mark.parametrize("verbose", [False, 0, np.int64(0)])
def test_no_callbacks_and_no_words(callbacks, verbose, capsys):
    model().fit(X, callbacks=callbacks, verbose=verbose)
    assert capsys.readouterr().out == ""


def test_some_words(capsys):
    for verbose in (True, "AUTO", 2):
        model().fit(X, verbose=verbose)
        assert "loss" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tae.Dense(2, "reul"), "activation must be .*'reul'; did you mean 'relu'"),
        (lambda: model(loss=tae.MSE), r"loss must be .*; an object is made .* by MSE\(\)"),
        (lambda: model(optimizer=tae.Adam), r"optimizer must be .* by Adam\(\)"),
        (
            lambda: model().fit(X, callbacks=[tae.EarlyStopping]),
            r"callbacks must be .* by EarlyStopping\(\)",
        ),
        (
            lambda: tae.Dense(2, kernel_initializer=tae.RandomNormal),
            r"kernel_initializer must be .* by RandomNormal\(\)",
        ),
        (lambda: tae.Sequential([tae.Dense]), r"must hold layers, .* by Dense\(\)"),
    ],
)
def test_what_was_meant_is_asked(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# What others' functions give


@pytest.mark.parametrize(
    ("gives", "message"),
    [
        (lambda shape, rng: np.full(shape, np.nan), "must give finite numbers of float32"),
        (lambda shape, rng: np.full(shape, -np.inf), "must give finite numbers of float32"),
        (lambda shape, rng: np.full(shape, 1e39), "must give finite numbers of float32"),
        (lambda shape, rng: np.full(shape, "0"), "gives must hold real numbers, but holds text"),
        (lambda shape, rng: np.zeros(shape, complex), "gives must hold .* complex numbers"),
        (lambda shape, rng: np.zeros(shape, object), "gives must hold .* Python objects"),
        (lambda shape, rng: None, "gives must be an array of numbers, but got None"),
        (lambda shape, rng: 0.0, r"must give shape \(4, 2\), but gave \(\)"),
        (lambda shape, rng: np.zeros(shape[::-1]), r"must give shape \(4, 2\), but gave \(2, 4\)"),
    ],
)
def test_what_an_initializer_gives_is_checked(gives, message):
    layer = tae.Dense(2, kernel_initializer=gives)
    ae = tae.Autoencoder([layer], [tae.Dense(4)])
    with pytest.raises(ValueError, match=message) as error:
        ae.build((4,))
    assert "encoder[0] Dense: the initializer of kernel" in str(error.value)
    assert not ae.built
    assert not layer.built


def test_an_initializer_may_give_lists_and_integers():
    layer = tae.Dense(2, kernel_initializer=lambda shape, rng: [[1, 2]] * shape[0])
    layer.build((3,))
    np.testing.assert_array_equal(layer.weights["kernel"], [[1, 2]] * 3)


# Where a checkpoint is to be


@pytest.mark.parametrize("path", ["missing/m.npz", "missing/{epoch}.npz", "missing/{epoch}/m.npz"])
def test_a_checkpoint_in_a_folder_that_is_missing_is_refused_before_training(path, tmp_path):
    with pytest.raises(ValueError, match=r"path must lie in a folder that is there, but .*missing"):
        tae.ModelCheckpoint(tmp_path / path)
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_may_be_in_the_folder_one_is_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model().fit(X, verbose=0, callbacks=tae.ModelCheckpoint("m{epoch}.npz"))
    assert [path.name for path in tmp_path.iterdir()] == ["m1.npz"]


def test_a_checkpoint_may_have_a_folder_for_each_epoch(tmp_path):
    (tmp_path / "run1").mkdir()
    model().fit(X, verbose=0, callbacks=tae.ModelCheckpoint(tmp_path / "run{epoch}" / "m.npz"))
    assert (tmp_path / "run1" / "m.npz").exists()


def test_whole_numbers_of_numpy_are_whole_numbers():
    assert arguments.sizes("shape", np.array([2, 3])) == (2, 3)
    assert arguments.sizes("shape", np.int64(5)) == (5,)
    assert arguments.pair("size", np.int32(2)) == (2, 2)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda lone: tae.Sequential([tae.Dense(3)]).build(lone), "input_shape"),
        (lambda lone: tae.Sequential(lone), "layers"),
        (lambda lone: tae.Autoencoder(lone, [tae.Dense(4)]), "encoder"),
    ],
)
def test_an_array_of_no_dimension_is_no_list(make, name):
    with pytest.raises(ValueError, match=f"{name} must"):
        make(np.array(3))


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_dtype_is_a_name_or_numpys(kind):
    for given in (kind, getattr(np, kind), np.dtype(kind), np.zeros(1, kind).dtype):
        assert model(dtype=given).dtype == np.dtype(kind)
        net = tae.Sequential([tae.Dense(3)])
        net.build((4,), given)
        assert net.dtype == np.dtype(kind)
        assert model().copy(given).dtype == np.dtype(kind)


ODD_DTYPES = [
    *(float, int, object, np.float16, np.dtype(">f8"), np.dtype("float16"), np.float32(1)),
    *("f4", "single", "d", "Float32", "<f4", ">f4", "int32", "", b"float32", 32, True),
    *(np.zeros(2), tae.Dense(3)),
]


@pytest.mark.parametrize("given", ODD_DTYPES)
def test_any_other_dtype_is_refused(given):
    net = tae.Sequential([tae.Dense(3)])
    for call in (
        lambda: model(dtype=given),
        lambda: net.build((4,), given),
        lambda: model().copy(given),
    ):
        with pytest.raises(ValueError, match=r'^dtype must be "float32" or "float64", but got '):
            call()


def test_threads_are_no_more_than_a_machine_has_a_use_for(tmp_path):
    ae, net = model(input_shape=(4,)), tae.Sequential([tae.Dense(3)])
    ae.save(tmp_path / "m.npz")
    for threads in (1025, 10**6, 10**30):
        for call in (
            lambda n=threads: model(threads=n),
            lambda n=threads: setattr(ae, "threads", n),
            lambda n=threads: setattr(net, "threads", n),
            lambda n=threads: tae.load(tmp_path / "m.npz", threads=n),
        ):
            with pytest.raises(ValueError, match=r"threads must be a whole number from 1 to 1024"):
                call()
    ae.threads = 1024
    assert ae.reconstruct(X).shape == X.shape


class Unshown:
    def __repr__(self):
        raise RuntimeError("no words")


UNSHOWN = {"none": Unshown(), "digits": 10**5000, "text": "a" * 10**6, "list": [0] * 10**5}


@pytest.mark.parametrize("value", UNSHOWN.values(), ids=UNSHOWN)
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda value: tae.Dense([value]), "units"),
        (lambda value: tae.Dense(2, kernel_regularizer=value), "kernel_regularizer"),
        (lambda value: tae.Reshape([value, 0]), "target_shape"),
        (lambda value: tae.PCA([value]), "n_components"),
        (lambda value: tae.PCA(2).fit(X, comm=value), "comm"),
        (lambda value: model().fit(X, verbose=[value]), "verbose"),
        (lambda value: model(loss=[value]), "loss"),
        (lambda value: tae.RandomNormal()((2,), value), "rng"),
    ],
)
def test_what_came_is_shown_shortly_whatever_it_is(value, call, name):
    with pytest.raises(ValueError, match=f"{name} must ") as refused:
        call(value)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("path", ["a\0b", Path("a\0b")])
def test_no_system_has_such_a_path(path):
    for call in (tae.load, tae.PCA(2).fit(X).save, tae.ModelCheckpoint):
        with pytest.raises(ValueError, match="path must be a path, as text or a Path, but got"):
            call(path)


NUMBERS = ("positive", "not_negative", "finite_number", "between", "share", "number")


@pytest.mark.parametrize("huge", [10**400, -(10**400), Fraction(10**400, 3)])
@pytest.mark.parametrize("check", NUMBERS)
def test_a_number_beyond_all_floats_is_none(check, huge):
    with pytest.raises(ValueError, match="rate must "):
        getattr(arguments, check)("rate", huge)


def test_a_limit_or_a_beta_beyond_all_floats_is_refused():
    with pytest.raises(ValueError, match="clip must be two finite numbers"):
        tae.GaussianNoise(0.1, clip=(0, 10**400))
    with pytest.raises(ValueError, match="beta must be a number or callable"):
        tae.Variational(lambda step: 10**400)
