"""The record of a training: its keys, its lengths, and whose it is."""

import copy
import math
import pickle

import numpy as np
import pytest

import tinyae as tae

KEYS = ["loss", "reconstruction", "penalty"]


def samples(n=40, seed=0):
    return np.random.default_rng(seed).random((n, 4)).astype(np.float32)


def small_model(penalty=None):
    return tae.Autoencoder(
        [tae.Dense(2, "tanh", activity_regularizer=penalty)], [tae.Dense(4)], input_shape=(4,)
    )


def test_keys_and_lengths():
    history = small_model().fit(samples(), epochs=3, verbose=0)
    assert sorted(history) == sorted([*KEYS, "seconds"])
    history = small_model().fit(samples(), epochs=3, validation_data=samples(), verbose=0)
    assert sorted(history) == sorted([*KEYS, *(f"val_{key}" for key in KEYS), "seconds"])
    assert {len(figures) for figures in history.values()} == {3}
    assert all(type(figure) is float for figures in history.values() for figure in figures)
    assert isinstance(history, dict)


def test_each_fit_has_its_own_and_the_model_has_all():
    ae = small_model()
    first = ae.fit(samples(), epochs=2, verbose=0)
    copied = copy.deepcopy(first)
    second = ae.fit(samples(), epochs=3, verbose=0)
    assert first == copied
    assert ae.history == {key: first[key] + second[key] for key in first}
    assert isinstance(ae.history, tae.History)
    assert isinstance(second, tae.History)
    assert ae.history is not second


def test_epochs_without_validation_are_nan_beside_those_with():
    ae = small_model()
    ae.fit(samples(), epochs=2, verbose=0)
    ae.fit(samples(), epochs=1, validation_data=samples(), verbose=0)
    ae.fit(samples(), epochs=1, verbose=0)
    assert [math.isnan(value) for value in ae.history["val_loss"]] == [True, True, False, True]
    assert {len(figures) for figures in ae.history.values()} == {4}


def test_append_fills_what_is_new_and_what_is_missing():
    history = tae.History()
    history.append({"a": 1.0})
    history.append({"a": 2.0, "b": 3.0})
    history.append({"b": 4.0})
    np.testing.assert_array_equal(history["a"], [1, 2, math.nan])
    np.testing.assert_array_equal(history["b"], [math.nan, 3, 4])


@pytest.mark.parametrize("epochs_at_once", [1, 5])
def test_the_loss_is_reconstruction_plus_penalty(epochs_at_once):
    ae = small_model(tae.L1L2(0.1, 0.2))
    for _ in range(5 // epochs_at_once):
        ae.fit(samples(), epochs=epochs_at_once, batch_size=7, verbose=0)
    loss, reconstruction, penalty = (np.array(ae.history[key]) for key in KEYS)
    np.testing.assert_allclose(loss, reconstruction + penalty, rtol=1e-12)
    assert (penalty > 0).all()


def test_a_full_batchs_figures_are_evaluates_before_the_step():
    ae = small_model(tae.L1L2(0.1, 0.2))
    for _ in range(3):
        before = ae.evaluate(samples())
        history = ae.fit(samples(), batch_size=40, verbose=0)
        for key in KEYS:
            assert history[key][0] == pytest.approx(before[key], rel=1e-6)


def test_the_epochs_mean_is_weighted_by_the_batches_sizes():
    ae, stepped = small_model(tae.L2(0.1)), small_model(tae.L2(0.1))
    history = ae.fit(samples(10), batch_size=4, shuffle=False, verbose=0)
    pieces = [samples(10)[start : start + 4] for start in (0, 4, 8)]
    each = [stepped.fit(piece, batch_size=4, shuffle=False, verbose=0) for piece in pieces]
    for key in KEYS:
        values = [figures[key][0] for figures in each]
        assert history[key][0] == pytest.approx(np.average(values, weights=[4, 4, 2]), rel=1e-9)
        assert history[key][0] != pytest.approx(np.mean(values), rel=1e-6)
    assert ae.parameters.tobytes() == stepped.parameters.tobytes()


def test_it_is_kept_by_copies_and_pickles_of_the_model():
    ae = small_model()
    ae.fit(samples(), epochs=2, verbose=0)
    for twin in (ae.copy(), pickle.loads(pickle.dumps(ae)), copy.deepcopy(ae)):
        assert twin.history == ae.history
        assert isinstance(twin.history, tae.History)
        twin.fit(samples(), verbose=0)
        assert len(twin.history["loss"]) == 3
    assert len(ae.history["loss"]) == 2


def test_it_survives_an_exception():
    ae = small_model()
    ae.fit(samples(), epochs=2, verbose=0)
    with pytest.raises(ValueError, match="x must"):
        ae.fit(samples()[:, :3], verbose=0)
    assert len(ae.history["loss"]) == 2


def test_repeated_small_fits_and_one_long_one_record_the_same():
    long, short = small_model(), small_model()
    long.fit(samples(), epochs=30, batch_size=8, verbose=0)
    for _ in range(30):
        short.fit(samples(), batch_size=8, verbose=0)
    for key in KEYS:
        assert long.history[key] == short.history[key]
