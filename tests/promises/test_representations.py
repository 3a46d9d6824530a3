"""What is shown of an object is what makes it again."""

import copy
import inspect

import numpy as np
import pytest

import tinyae as tae
from tests.support.calls import calls
from tinyae.checks.public_names import find

# Where others than the defaults are not among the calls of all that is public
GIVEN = {
    "CategoricalCrossentropy": {},
    "Columns": {"columns": [(slice(0, 2), "mse"), (2, "bce")]},
    "CosineDecay": {"learning_rate": 0.25, "decay_steps": 100, "warmup_steps": 5},
    "ExponentialDecay": {"learning_rate": 0.25, "decay_steps": 100, "decay_rate": 0.5},
    "Huber": {"delta": 0.5},
    "MAE": {},
    "ReduceLROnPlateau": {"factor": 0.25},
}
SHOWN_OTHERWISE = {"Autoencoder", "AnomalyDetector"}  # as a table; with the kind of its model


@pytest.fixture(scope="module")
def ways(tmp_path_factory):
    return calls(tmp_path_factory.mktemp("calls"))


CLASSES = [
    name for name in tae.__all__ if inspect.isclass(find(name)) and hasattr(find(name), "checks")
]


@pytest.mark.parametrize("name", CLASSES)
def test_every_object_shows_what_makes_one_like_it(name, ways):
    given = ways[name].good if name in ways else GIVEN[name]
    objects = [find(name)(**given)]
    if all(each.default is not each.empty for each in parameters(find(name))):
        objects.append(find(name)())
    for each in objects:
        text = repr(each)
        assert text.startswith(name)
        if name not in SHOWN_OTHERWISE:
            again = eval(text, {each: find(each) for each in tae.__all__})
            assert repr(again) == text
            kept = [one for one in given if one in vars(each)]
            assert {one: repr(getattr(again, one)) for one in kept} == {
                one: repr(getattr(each, one)) for one in kept
            }


ODD = [
    tae.Dense(3, "relu", use_bias=False, kernel_initializer="he_normal"),
    tae.Dense(
        3, kernel_constraint=tae.UnitNorm(axis=(0, 1)), kernel_initializer=tae.RandomNormal(2)
    ),
    tae.Conv2D(2, 3, 2, "same", kernel_regularizer=tae.L2(0.5)),
    tae.Tied(tae.Dense(3, use_bias=False), "sigmoid", False, activity_regularizer=tae.L1(0.1)),
    tae.Tied(1, use_bias=False),
    tae.Variational(tae.CosineDecay(1.0, 10), 0.1, activity_regularizer=tae.L1L2(0.1, 0.2)),
    tae.Rescaling(1 / 255, 1 / 3),
    tae.GaussianNoise(1e-5, clip=(0, 1 / 3)),
]


@pytest.mark.parametrize("layer", ODD, ids=lambda layer: type(layer).__name__)
def test_a_layer_shows_all_that_it_was_made_with(layer):
    again = eval(repr(layer), {each: find(each) for each in tae.__all__})
    assert repr(again) == repr(layer)
    for name in parameters_of(layer):
        assert repr(getattr(again, name)) == repr(getattr(layer, name))


def parameters_of(layer):
    return inspect.signature(type(layer)).parameters


def parameters(kind):
    return inspect.signature(kind).parameters.values()


def test_parts_of_ones_own_are_shown_as_they_are_made():
    class Own(tae.Optimizer):
        def __init__(self, rate, power=2):
            self.rate = rate

    class Loss(tae.Loss):
        pass

    assert repr(Own(0.5)) == "Own(rate=0.5)"
    assert repr(Loss()) == "Loss()"
    assert repr(tae.EarlyStopping(patience=3)) == (
        "EarlyStopping(monitor='val_loss', patience=3, min_delta=0.0, restore_best_weights=False)"
    )


def test_a_copy_of_a_history_has_lists_of_its_own():
    history = tae.History(loss=[1.0, 2.0], mine="words")
    for twin in (copy.copy(history), history.copy(), copy.deepcopy(history)):
        assert type(twin) is tae.History
        assert twin == history
        twin["loss"].append(3.0)
        assert history["loss"] == [1.0, 2.0]
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)])
    ae.fit(np.ones((4, 4)), verbose=0)
    before = copy.copy(ae.history)
    ae.fit(np.ones((4, 4)), verbose=0)
    assert [len(each["loss"]) for each in (before, ae.history)] == [1, 2]
