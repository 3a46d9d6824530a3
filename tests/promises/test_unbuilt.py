"""Models without shapes: interrupted while they are built, refused, and built by many threads."""

import contextlib
import os
import signal
import threading

import numpy as np
import pytest

import tinyae as tae
from tests.support.interrupts import interrupted_at
from tests.support.world_parts import Countdown, OwnLayer, X, dense
from tinyae.system.numba_parts import DISABLED


def lazy(first=None, **options):
    encoder = [*([first] if first else []), dense(3, "tanh"), dense(2)]
    return tae.Autoencoder(encoder, [dense(4)], threads=1, **options)


def chain():
    return tae.Sequential([dense(3), dense(2)])


# Ctrl-C


@pytest.fixture
def interrupted():
    """Interrupts the second initializer that is called, once."""
    Countdown.left = 2
    yield
    Countdown.left = 0


BUILDS = {
    "encode": (lazy, lambda ae: ae.encode(X)),
    "fit": (lazy, lambda ae: ae.fit(X, epochs=0, verbose=0)),
    "evaluate": (lazy, lambda ae: ae.evaluate(X)),
    "build": (lazy, lambda ae: ae.build((4,))),
    "Sequential.build": (chain, lambda one: one.build((4,))),
    "Layer.build": (
        lambda: tae.Dense(3, kernel_initializer=Countdown(), bias_initializer=Countdown()),
        lambda layer: layer.build((4,)),
    ),
}


@pytest.mark.parametrize("how", BUILDS)
def test_after_ctrl_c_in_an_initializer_a_retry_gives_the_same_bytes(how, interrupted):
    make, build = BUILDS[how]
    part = make()
    with pytest.raises(KeyboardInterrupt):
        build(part)
    assert not part.built
    assert not any(layer.built or layer.weights for layer in part.layers)
    build(part)
    twin = make()
    build(twin)
    assert part.parameters.tobytes() == twin.parameters.tobytes()


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX sends them")
def test_ctrl_c_anywhere_in_a_call_that_is_refused_leaves_nothing_behind():
    """Also while what the call has built is undone."""

    def call():
        with contextlib.suppress(ValueError):
            ae.evaluate(X, np.ones((len(X), 7)))

    ae, handler = lazy(), signal.getsignal(signal.SIGINT)
    places, broken = interrupted_at({}, call).places, []
    assert places > 100
    for place in range(1, places + 1):
        ae = lazy()
        where = interrupted_at(place, call).where
        built = ae.built or any(part.built for part in [ae.encoder, ae.decoder, *ae.layers])
        if built or signal.getsignal(signal.SIGINT) != handler:
            broken += where
            signal.signal(signal.SIGINT, handler)
    assert broken == []


# Refusals


def trained():
    ae = tae.Autoencoder([dense(3)], [dense(4)], dtype="float64", threads=1)
    ae.fit(X, epochs=2, verbose=0)
    return ae


@pytest.mark.parametrize(
    "refused",
    [
        lambda m: tae.Autoencoder(m.encoder.layers, [dense(4)], input_shape=(4,)),
        lambda m: tae.Autoencoder(m.encoder, [dense(4)], input_shape=(4,)),
        lambda m: tae.Autoencoder([m.encoder], [dense(4)], input_shape=(4,)),
        lambda m: tae.Autoencoder([dense(3), *m.decoder.layers], [dense(4)]).encode(X),
        lambda m: tae.Sequential(m.encoder.layers).build((4,)),
        lambda m: tae.Sequential([m.encoder, dense(2)]).build((4,)),
        lambda m: m.layers[0].build((4,)),
        lambda m: m.build((5,)),
    ],
)
def test_what_is_refused_a_models_layers_leaves_it_as_it_was(refused):
    ae, twin = trained(), trained()
    with pytest.raises(ValueError, match=r"belongs to a model|model is built"):
        refused(ae)
    for each in (ae, twin):
        each.fit(X, epochs=2, verbose=0)
    assert ae.parameters.tobytes() == twin.parameters.tobytes()
    assert np.shares_memory(ae.parameters, ae.layers[0].weights["kernel"])
    assert ae.encode(X).tobytes() == twin.encode(X).tobytes()


@pytest.mark.parametrize(
    "refused",
    [
        lambda ae: ae.fit(np.ones((5, 7)), verbose=0),
        lambda ae: ae.fit(X, np.ones((10, 7)), verbose=0),
        lambda ae: ae.fit(X, callbacks=[None], verbose=0),
        lambda ae: ae.evaluate(X, X[:3]),
        lambda ae: ae.encode(np.ones((5, 7))),
    ],
)
def test_a_pretrained_part_keeps_its_weights_through_refusals(refused):
    encoder = trained().encoder.copy()
    codes = encoder.predict(X).tobytes()
    ae = tae.Autoencoder([encoder], [dense(4)], dtype="float64", threads=1)
    with pytest.raises(ValueError, match=r"must|expects"):
        refused(ae)
    assert encoder.predict(X).tobytes() == codes
    assert ae.encode(X).tobytes() == codes


@pytest.mark.parametrize(
    "options",
    [{"loss": "nope"}, {"optimizer": 1}, {"seed": -1}, {"threads": 0}, {"input_shape": (9,)}],
    ids=str,
)
@pytest.mark.parametrize("decoder", [lambda: [dense(4)], lambda: [3]])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_chain_is_as_usable_after_a_refused_constructor(options, decoder, wrapped):
    part = chain()
    part.build((4,), "float64")
    codes = part.predict(X)
    with pytest.raises(ValueError, match=r"must|expects"):
        tae.Autoencoder([part] if wrapped else part, decoder(), **options)
    assert part.predict(X).tobytes() == codes.tobytes()
    ae = tae.Autoencoder([part], [dense(4)], input_shape=(4,), dtype="float64")
    np.testing.assert_array_equal(ae.encode(X), codes)


def test_a_chain_in_a_model_goes_on_as_a_part_of_it():
    inner, outer = chain(), None
    inner.build((4,), "float64")
    outer = tae.Sequential([tae.Activation("linear"), inner])
    ae = tae.Autoencoder([outer, dense(3)], [dense(4)], input_shape=(4,), dtype="float64")
    ae.fit(X, epochs=2, verbose=0)
    np.testing.assert_allclose(
        inner.predict(X), ae.encoder.layers[2].forward(ae.encoder.layers[1].forward(X)[0])[0]
    )
    assert np.shares_memory(inner.parameters, ae.parameters)


@pytest.mark.parametrize(
    "callbacks",
    [5, [None], [object()], [tae.EarlyStopping], [lambda: None], [lambda a, b, c: None]],
)
@pytest.mark.parametrize("built", [False, True])
def test_callbacks_are_refused_before_anything_has_moved(callbacks, built):
    ae = lazy(input_shape=(4,) if built else None)
    before = ae.copy()
    with pytest.raises(ValueError, match="callbacks must be"):
        ae.fit(X, callbacks=callbacks, initial_epoch=7, verbose=0)
    assert (ae.built, ae.progress, dict(ae.history)) == (built, before.progress, {})


def test_a_callback_that_refuses_its_model_leaves_it_alone():
    class Choosy:
        def set_model(self, model):
            raise ValueError("not this one")

        def __call__(self, epoch, logs):
            raise AssertionError

    ae = lazy()
    with pytest.raises(ValueError, match="not this one"):
        ae.fit(X, callbacks=[Choosy()], initial_epoch=7, verbose=0)
    assert not ae.built
    assert ae.progress.epoch == 0


# Many threads


def at_once(work, count=8):
    """What `work(number)` gives in so many threads that begin together."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(number):
        barrier.wait()
        try:
            results[number] = work(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("make", [lazy, lambda: lazy(OwnLayer())], ids=["compiled", "eager"])
@pytest.mark.parametrize(
    "use",
    [
        lambda ae: ae.encode(X).tobytes(),
        lambda ae: ae.reconstruct(X).tobytes(),
        lambda ae: ae.evaluate(X)["loss"],
        lambda ae: ae.reconstruction_error(X).tobytes(),
    ],
    ids=["encode", "reconstruct", "evaluate", "reconstruction_error"],
)
def test_eight_threads_build_one_model(make, use):
    expected = use(make())
    for _ in range(2 if DISABLED else 10):
        ae = make()
        assert at_once(lambda number, ae=ae: use(ae)) == [expected] * 8


def test_threads_that_are_refused_take_nothing_from_those_that_are_not():
    expected = lazy().encode(X).tobytes()
    for _ in range(2 if DISABLED else 20):
        ae = lazy()

        def work(number, ae=ae):
            if number % 2:
                return ae.encode(X).tobytes()
            try:
                return ae.fit(X, X[:3], verbose=0) if number % 4 else ae.evaluate(X, X[:3])
            except (ValueError, RuntimeError):  # or it is being trained already
                return expected

        assert set(at_once(work)) == {expected}


def test_a_model_is_nobody_elses_until_no_call_can_refuse_it():
    """Between its building and the refusal of its targets others wait for what it will be."""
    ae, heard = lazy(), []
    asking = threading.Thread(target=lambda: heard.append(ae.built))

    class Targets:
        def __array__(self, dtype=None, copy=None):
            asking.start()
            asking.join(0.1)
            heard.append((len(heard), ae.built))
            return np.ones((len(X), 7))

    with pytest.raises(ValueError, match="y must"):
        ae.evaluate(X, Targets())
    asking.join()
    assert heard == [(0, True), False]


def ones(shape, rng):
    return np.ones(shape)


def test_of_eight_threads_that_fit_an_unbuilt_model_one_trains_it():
    twin = lazy()
    twin.fit(X, verbose=0)
    ae = lazy()
    results = at_once(lambda number: ae.fit(X, verbose=0))
    done = [each for each in results if isinstance(each, tae.History)]
    others = [str(each) for each in results if not isinstance(each, tae.History)]
    assert all(each.startswith("this model is being trained already") for each in others)
    for _ in done[1:]:
        twin.fit(X, verbose=0)
    assert ae.parameters.tobytes() == twin.parameters.tobytes()


def test_of_eight_models_around_one_chain_one_has_it():
    part = chain()
    part.build((4,), "float64")
    codes = part.predict(X).tobytes()
    models = [tae.Autoencoder([part], [dense(4)], dtype="float64") for _ in range(8)]
    results = at_once(lambda number: models[number].encode(X).tobytes())
    refused = [each for each in results if isinstance(each, ValueError)]
    assert len(refused) == 7
    assert all("already belongs to a model" in str(each) for each in refused)
    assert [each for each in results if isinstance(each, bytes)] == [codes]
    assert [ae.built for ae in models].count(True) == 1


def test_eight_threads_build_one_chain():
    twin = chain()
    twin.build((4,))
    for _ in range(2 if DISABLED else 10):
        part = chain()
        assert at_once(lambda number, part=part: part.build((4,))) == [(2,)] * 8
        assert part.parameters.tobytes() == twin.parameters.tobytes()


def test_eight_threads_ask_one_pca():
    expected = tae.PCA(2).fit(X)
    for _ in range(5):
        pca = tae.PCA(2).partial_fit(X)
        assert set(at_once(lambda number, pca=pca: pca.encode(X).tobytes())) == {
            expected.encode(X).tobytes()
        }
    pca = tae.PCA(2)
    at_once(lambda number: pca.fit(X))
    assert pca.components_.tobytes() == expected.components_.tobytes()
