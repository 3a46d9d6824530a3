"""What is misspelt, or called otherwise elsewhere: the error says what it is called here."""

import copy
import inspect
import pickle
import re

import numpy as np
import pytest

import tinyae as tae
from tests.support.parameters import parameters, signatures
from tinyae.checks.foreign_names import ARGUMENTS, ATTRIBUTES, NONE
from tinyae.checks.public_names import homes

X = np.random.default_rng(0).random((8, 4))


def model():
    return tae.Autoencoder([tae.Dense(3)], [tae.Dense(4)])


OBJECTS = {
    "Autoencoder": model,
    "Sequential": lambda: tae.Sequential([tae.Dense(3)]),
    "Layer": lambda: tae.Conv2D(3, 3),
    "PCA": tae.PCA,
    "GaussianSampler": tae.GaussianSampler,
    "History": tae.History,
    "Optimizer": tae.Adam,
    "tinyae": lambda: tae,
    "tinyae.plot": lambda: tae.plot,
}


def said(hint):
    return re.escape(f"; {NONE}" if hint == NONE else f"; in tinyae: {hint}") + "$"


@pytest.mark.parametrize("owner", ATTRIBUTES)
def test_a_foreign_attribute_is_explained_and_none_of_them_is_there(owner):
    subject = OBJECTS[owner]()
    for name, hint in ATTRIBUTES[owner].items():
        assert name not in dir(type(subject)), name
        assert name not in homes(owner) if "tinyae" in owner else name not in vars(subject), name
        with pytest.raises(AttributeError, match=f"{name!r}{said(hint)}"):
            getattr(subject, name)
        assert not hasattr(subject, name)


FUNCTIONS = dict(signatures())


@pytest.mark.parametrize("owner", ARGUMENTS)
def test_a_foreign_argument_is_explained_and_none_of_them_is_there(owner):
    """For the class that is named, or one below it, and for a method or function."""
    function = FUNCTIONS[owner]
    if owner in ("Layer", "Optimizer"):
        function = {"Layer": tae.Dense, "Optimizer": tae.Adam}[owner]
    known = parameters(owner, function)
    for name, hint in ARGUMENTS[owner].items():
        assert name not in known, name
        method = model().fit if owner == "Autoencoder.fit" else function
        if owner == "Sequential.predict":
            method = tae.Sequential([tae.Dense(3)]).predict
        with pytest.raises(TypeError, match=f"has no argument {name!r}{said(hint)}"):
            method(**{name: 1})


MISSPELT = {
    "summary": (lambda: model().sumary, "AttributeError"),
    "reconstruct": (lambda: model().recontruct(X), "AttributeError"),
    "activation": (lambda: tae.Dense(3).activatoin, "AttributeError"),
    "components_": (lambda: tae.PCA().component_, "AttributeError"),
    "learning_rate": (lambda: tae.Adam().learningrate, "AttributeError"),
    "Dense": (lambda: tae.Densee, "AttributeError"),
    "Conv2D": (lambda: tae.conv2d, "AttributeError"),
    "latent": (lambda: tae.plot.latents, "AttributeError"),
    "epochs": (lambda: model().fit(X, epoch=3), "TypeError"),
    "verbose": (lambda: model().fit(X, verbos=0), "TypeError"),
    "units": (lambda: tae.Dense(unit=3), "TypeError"),
    "kernel_initializer": (lambda: tae.Dense(3, kernel_initialiser="zeros"), "TypeError"),
    "n_components": (lambda: tae.PCA(n_component=2), "TypeError"),
    "labels": (lambda: tae.plot.latent(X[:, :2], label=X), "TypeError"),
    "custom": (lambda: tae.load("model.npz", customs={}), "TypeError"),
    "optimizer": (lambda: tae.models.deep(optimiser="adam"), "TypeError"),
    "images": (lambda: tae.datasets.mnist_mini(image=True), "TypeError"),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_of_a_misspelt_name_the_nearest_is_told(name):
    call, error = MISSPELT[name]
    with pytest.raises((AttributeError, TypeError), match=rf"; did you mean '{name}'\?$") as found:
        call()
    assert found.type.__name__ == error


@pytest.mark.parametrize("name", ["_repr_html_", "__array_interface__", "zzzzzz"])
def test_what_nobody_meant_gets_no_hint(name):
    for subject in (model(), tae.Dense(3), tae.PCA(), tae.MSE()):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'$"):
            getattr(subject, name)


def test_a_property_that_refuses_says_what_it_said():
    with pytest.raises(AttributeError, match="parameters needs a built model"):
        _ = model().parameters


def test_signatures_stay_readable():
    own = inspect.signature(tae.Dense)
    assert list(own.parameters)[:2] == ["units", "activation"]
    assert "batch_size: int = 32" in str(inspect.signature(tae.Autoencoder.fit))
    kinds = [each.kind for each in inspect.signature(model().fit).parameters.values()]
    assert inspect.Parameter.VAR_KEYWORD not in kinds


def test_a_class_of_ones_own_may_take_any_arguments():
    class Own(tae.Dense):
        def __init__(self, **options):
            super().__init__(3)
            self.options = options

    assert Own(lr=3).options == {"lr": 3}
    with pytest.raises(TypeError, match="unexpected keyword argument 'lr'"):
        type("Strict", (tae.Layer,), {"__init__": lambda self: None})(lr=3)


def test_objects_that_explain_are_copied_and_pickled():
    ways = (copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each)))
    for subject in (model(), tae.PCA(2).fit(X), tae.GaussianSampler().fit(X), tae.Adam(0.1)):
        for way in ways:
            assert repr(way(subject)) == repr(subject)
