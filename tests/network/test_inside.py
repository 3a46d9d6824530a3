"""Looking into the middle of a model: outputs of any layer, and of chains inside."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.layer_cases import COPIES, is_whole
from tests.support.own_parts import OwnScale


def samples(n=7):
    return np.random.default_rng(0).random((n, 6)).astype(np.float32)


def model(**options):
    inner = tae.Sequential([tae.Dense(4, "tanh"), tae.Sequential([tae.Dropout(0.5), tae.Dense(3)])])
    return inner, tae.Autoencoder(
        [tae.Dense(5, "relu"), inner],
        [OwnScale(), tae.Dense(6)],
        **{"input_shape": (6,), **options},
    )


class Eager(tae.Layer):
    """A layer without kernels."""

    def forward(self, x, training=False, step=0, first=0):
        return 2 * x, None

    def backward(self, dy, cache):
        return 2 * dy


def test_the_output_of_any_layer_by_itself_or_by_its_place():
    _, ae = model()
    h = samples()
    for place, layer in enumerate(ae.layers):
        h = layer.forward(h)[0]
        for which in (layer, place, place - len(ae.layers), np.int64(place)):
            found = ae.encode(samples(), layer=which)
            np.testing.assert_allclose(found, h, rtol=1e-6, atol=1e-6)
            assert (found.shape[1:], found.dtype) == (layer.output_shape, np.float32)
    np.testing.assert_array_equal(ae.encode(samples(), layer=ae.encoder), ae.encode(samples()))
    np.testing.assert_allclose(ae.encode(samples(), layer=-1), ae.reconstruct(samples()), 1e-6)


def test_also_in_models_without_kernels_and_before_shapes_are_known():
    ae = tae.Autoencoder([Eager(), tae.Dense(2)], [tae.Dense(6)])
    np.testing.assert_array_equal(ae.encode(samples(), layer=0), 2 * samples())
    images = tae.Autoencoder(
        [tae.Conv2D(2, 3, padding="same"), tae.MaxPooling2D(), tae.Flatten(), tae.Dense(3)],
        [tae.Dense(16), tae.Reshape((4, 4, 1)), tae.UpSampling2D(), tae.Conv2D(1, 3)],
    )
    x = np.random.default_rng(0).random((3, 8, 8, 1))
    assert images.encode(x, layer=2).shape == (3, 32)
    assert images.encode(x, layer=images.layers[6]).shape == (3, 8, 8, 1)


@pytest.mark.parametrize("which", [6, -7, True, "Dense", 1.0, tae.Dense(3), tae.Dense, [0]])
def test_what_is_no_layer_of_the_model_is_refused_by_name_and_changes_nothing(which):
    _, ae = model(input_shape=None)
    with pytest.raises(
        ValueError, match=r"layer must be one of the model's layers, such as model.enc"
    ):
        ae.encode(samples(), layer=which)
    assert not ae.built


def test_a_chain_inside_predicts_too():
    inner, ae = model()
    _, innermost = inner._parts[0]
    h = ae.encode(samples(), layer=0)
    np.testing.assert_allclose(inner.predict(h), ae.encode(samples()), rtol=1e-6)
    assert (inner.input_shape, inner.output_shape) == ((5,), (3,))
    assert innermost.predict(np.ones((2, 4))).shape == (2, 3)
    ae.fit(samples(), epochs=2, verbose=0)  # of which the inner one hears
    h = ae.encode(samples(), layer=0)
    np.testing.assert_allclose(inner(h), ae.encode(samples()), rtol=1e-6)
    assert is_whole(inner)
    assert np.shares_memory(inner.parameters, ae.parameters)
    inner.parameters[...] = 0
    assert not ae.encode(samples()).any()


def test_a_chain_inside_belongs_to_its_model():
    inner, _ = model()
    with pytest.raises(ValueError, match="already belongs to a model"):
        tae.Autoencoder([inner], [tae.Dense(5)], (5,))
    inner, ae = model(input_shape=None)
    with pytest.raises(ValueError, match="must be built before use"):
        inner.predict(samples())
    with pytest.raises(ValueError, match="expects input of shape"):
        ae.build((2, 2))
    assert not inner.built
    other = inner.copy()
    ae.build((6,))
    assert inner.built
    assert not other.built
    other.build((2,))


@pytest.mark.parametrize("how", COPIES)
def test_copies_of_a_chain_inside_are_whole_and_independent(how):
    inner, ae = model()
    twin = COPIES[how](inner)
    h = ae.encode(samples(), layer=0)
    np.testing.assert_array_equal(twin.predict(h), inner.predict(h))
    twin.parameters[...] = 0
    assert is_whole(twin)
    assert inner.predict(h).any()


def test_a_part_is_called_and_shown_as_a_model_is(capsys):
    inner, ae = model()
    np.testing.assert_array_equal(ae.encoder(samples()), ae.encode(samples()))
    np.testing.assert_array_equal(ae.decoder(ae.encoder(samples())), ae.predict(samples()))
    np.testing.assert_array_equal(ae.predict(samples()), ae.reconstruct(samples()))
    ae.encoder.summary()
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].split() == ["layer", "output", "shape", "parameters"]
    assert "encoder[1] Dense" in shown
    assert f"{ae.encoder.parameter_count}" in shown.splitlines()[-1]
    inner.summary()
    assert "Dropout" in capsys.readouterr().out
    with pytest.raises(ValueError, match="summary needs shapes: call build"):
        tae.Sequential([tae.Dense(2)]).summary()

    class Halved(tae.Autoencoder):
        def reconstruct(self, x):
            return super().reconstruct(x) / 2

    half = Halved([tae.Dense(2)], [tae.Dense(6)], (6,))
    np.testing.assert_array_equal(half.predict(samples()), half.reconstruct(samples()))
