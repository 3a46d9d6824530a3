"""Every public entry against everything that is no good array: refused by name, nothing changed."""

import pickle

import numpy as np
import pytest

import tinyae as tae
from tests.support.entries import ENTRIES, FLAT, MODELS, data, fit, model
from tests.support.input_cases import BAD, BAD_VALUES


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("key", ENTRIES)
def test_refused_by_name_and_nothing_changed(key, bad):
    entry = ENTRIES[key]
    if bad in entry.accepts:
        return
    subject = entry.fresh()
    before = pickle.dumps(subject)  # parameters, slots, counters, history
    array = BAD[bad](data(entry.shape))
    with pytest.raises(ValueError, match=rf"^({entry.name})\b"):
        entry.call(subject, array)
    assert pickle.dumps(subject) == before


@pytest.mark.parametrize("bad", BAD_VALUES)
@pytest.mark.parametrize("key", [key for key in MODELS if MODELS[key].builds])
def test_a_model_not_yet_built_stays_so(key, bad):
    entry, ae = MODELS[key], model(input_shape=None)
    before = pickle.dumps(ae)
    array = BAD[bad](data(entry.shape))
    with pytest.raises(ValueError, match=rf"^{entry.name}\b"):
        entry.call(ae, array)
    assert pickle.dumps(ae) == before
    assert ae.encode(np.ones((2, 4))).shape == (2, 6)  # another width is still free to choose


TARGETS = {key: entry for key, entry in ENTRIES.items() if entry.target}


@pytest.mark.parametrize("key", [key for key in TARGETS if key.endswith(" y")])
@pytest.mark.parametrize("built", [True, False])
def test_as_many_targets_as_samples(key, built):
    entry = ENTRIES[key]
    ae, n = model(entry.shape, **({} if built else {"input_shape": None})), entry.shape[0]
    before = pickle.dumps(ae)
    with pytest.raises(ValueError, match=rf"{entry.name}.* {n} and {n - 1}"):
        entry.call(ae, data(entry.shape)[1:])
    assert pickle.dumps(ae) == before


@pytest.mark.parametrize("key", TARGETS)
@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize(
    ("scale", "shift", "hint"), [(255, 0, "255"), (1, -0.5, r"\[0, 1\]"), (1e6, 0, r"\[0, 1\]")]
)
def test_cross_entropy_takes_targets_from_0_to_1(key, built, scale, shift, hint):
    entry = ENTRIES[key]
    ae = model(entry.shape, loss="bce", **({} if built else {"input_shape": None}))
    before = pickle.dumps(ae)
    with pytest.raises(ValueError, match=rf"^{entry.name}\b.*{hint}"):
        entry.call(ae, data(entry.shape) * scale + shift)
    assert pickle.dumps(ae) == before


def test_cross_entropy_bounds_targets_only():
    ae = model(loss="bce")
    fit(ae, data() * 5 - 2, data())
    ae.encode(data() * 255)
    ae.reconstruct(data() * 255)


@pytest.mark.parametrize("built", [True, False])
def test_a_model_whose_output_is_not_its_inputs_shape_asks_for_y(built):
    ae = tae.Autoencoder([tae.Dense(3)], [tae.Dense(4)], input_shape=FLAT[1:] if built else None)
    before = pickle.dumps(ae)
    with pytest.raises(ValueError, match=r"\(n, 6\) into \(n, 4\).*y"):
        fit(ae, data())
    assert pickle.dumps(ae) == before
