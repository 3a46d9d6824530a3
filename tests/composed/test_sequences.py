"""Layers of sequences, borders of images, and sizes that come back."""

import re

import numpy as np
import pytest

import tinyae as tae
from tests.support import naive


def built(layer, shape, dtype="float64"):
    chain = tae.Sequential([layer])
    chain.build(shape, dtype, seed=3)
    return chain


@pytest.mark.parametrize(
    ("layer", "kernel"),
    [(tae.Conv1D(5, 3), (3, 2, 5)), (tae.Conv1DTranspose(5, 3, output_padding=0), (3, 5, 2))],
)
def test_a_kernel_has_the_shape_that_keras_gives_it_and_its_fans(layer, kernel):
    chain = built(layer, (9, 2))
    assert chain.layers[0].weights["kernel"].shape == kernel
    limit = np.sqrt(6 / (3 * 2 + 3 * 5))
    largest = np.abs(layer.weights["kernel"]).max()
    assert 0.8 * limit < largest <= limit
    assert re.search(r"conv(T)?\(x, W: 3, valid\)", layer.formula().forward)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_sequence_model_trains_and_comes_back(padding, tmp_path):
    ae = tae.Autoencoder(
        encoder=[
            *(tae.Conv1D(4, 3, padding="same", activation="softplus"), tae.MaxPooling1D()),
            *(tae.Conv1D(2, 3, 2, padding), tae.AveragePooling1D(1)),
        ],
        decoder=[tae.Conv1DTranspose(3, 4, 2, padding), tae.UpSampling1D(), tae.Conv1D(2, 3)],
        **{"input_shape": (20, 2), "dtype": "float64"},
    )
    steps = ae.output_shape[0]
    x, y = np.random.default_rng(0).normal(size=(9, 20, 2)), np.ones((9, steps, 2))
    assert tae.check_gradients(ae, x, y).passed
    ae.fit(x, y, epochs=2, batch_size=4, verbose=0)
    ae.save(tmp_path / "m.npz", training_state=True)
    loaded = tae.load(tmp_path / "m.npz")
    for each in (ae, loaded):
        each.fit(x, y, epochs=1, verbose=0)
    np.testing.assert_array_equal(ae.reconstruct(x), loaded.reconstruct(x))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: built(tae.Conv1D(2, 3), (4, 4, 1)), r"\(n, steps, channels\); put a Reshape"),
        (lambda: built(tae.MaxPooling1D(), (4,)), r"\(n, steps, channels\); put a Reshape"),
        (lambda: built(tae.Conv1D(2, 5), (4, 1)), "needs at least its window's size, 5, but got 4"),
        (lambda: tae.Conv1D(2, (3, 3)), "kernel_size must be a whole number"),
        (lambda: tae.UpSampling1D((1, 2)), "size must be a whole number"),
        (lambda: tae.Conv1DTranspose(2, 3, 2, output_padding=2), "below strides, 2, but got 2"),
        (lambda: tae.Conv2DTranspose(2, 3, (3, 1), output_padding=1), r"below strides, \(3, 1\)"),
        (lambda: tae.Conv2DTranspose(2, 3, 2, output_padding=-1), "output_padding must be"),
        (lambda: tae.Conv2DTranspose(2, 3, 2, output_padding=(None, -1)), r"but got \(None, -1\)"),
        (lambda: tae.Conv2DTranspose(2, 3, (2, 3), output_padding=(None, 3)), "below strides"),
        (
            lambda: built(tae.Conv2DTranspose(2, 2, 2, "same", output_padding=0), (1, 3, 1)),
            r"leaves nothing of x \(n, 1, 3, 1\) with output_padding=\(0, 0\)",
        ),
        (lambda: tae.Cropping2D((1, 2, 3)), "cropping must be an integer, a pair"),
        (lambda: tae.ZeroPadding2D(-1), "padding must be an integer, a pair"),
        (lambda: built(tae.Cropping2D(2), (4, 5, 1)), "with more pixels than"),
        (lambda: built(tae.ZeroPadding2D(2), (4, 5)), r"\(n, height, width, channels\)"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_strides_that_change_later_are_held_to_the_output_padding():
    layer = tae.Conv2DTranspose(2, 3, 2, output_padding=1)
    with pytest.raises(ValueError, match=r"below strides, \(1, 1\), but got \(1, 1\)"):
        layer.strides = 1
    with pytest.raises(ValueError, match=r"below strides, \(2, 2\), but got \(2, 2\)"):
        layer.output_padding = 2
    assert (layer.strides, layer.output_padding) == ((2, 2), (1, 1))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("window", [1, 2, 3, 4, 5])
def test_sizes_with_output_padding_are_keras_s(window, padding):
    for stride in (1, 2, 3):
        for extra in range(stride):
            layer = tae.Conv1DTranspose(1, window, stride, padding, output_padding=extra)
            cut = 2 * (window // 2) if padding == "same" else 0
            assert built(layer, (4, 1)).output_shape == (3 * stride + window - cut + extra, 1)


def test_borders_by_one_number_by_pairs_and_by_all():
    assert tae.Cropping2D(2).cropping == ((2, 2), (2, 2))
    assert tae.ZeroPadding2D((1, 2)).padding == ((1, 1), (2, 2))
    assert tae.ZeroPadding2D().padding == ((1, 1), (1, 1))
    x = np.random.default_rng(0).random((2, 3, 4, 2))
    chain = tae.Sequential([tae.ZeroPadding2D(((2, 0), (1, 3))), tae.Cropping2D(((2, 0), (1, 3)))])
    chain.build((3, 4, 2), "float64")
    np.testing.assert_array_equal(chain.predict(x), x)


# A decoder whose size does not come back


def decoder(*layers, size=(7, 7), channels=1):
    return tae.Autoencoder(
        [tae.Conv2D(2, 3, 2, "same", activation="relu")], list(layers), (*size, channels)
    )


@pytest.mark.parametrize(
    ("make", "message", "mended"),
    [
        (
            lambda **more: decoder(tae.Conv2DTranspose(1, 3, 2, "same", **more)),
            r"output_padding=\(0, 0\) in decoder\[0\] Conv2DTranspose or "
            r"Cropping2D\(\(\(0, 1\), \(0, 1\)\)\) at the end mends it",
            {"output_padding": (0, 0)},
        ),
        (
            lambda **more: decoder(
                tae.Conv2DTranspose(1, 2, 2, "valid", **more), tae.Dropout(0.1), size=(9, 8)
            ),
            r"Cropping2D\(\(\(0, 1\), \(0, 0\)\)\) at the end mends it",
            None,
        ),
        (
            lambda **more: decoder(tae.Conv2DTranspose(1, 1, 3, **more), size=(5, 4)),
            r"Cropping2D\(\(\(2, 2\), \(1, 1\)\)\) at the end mends it",
            None,
        ),
        (
            lambda **more: decoder(tae.Conv2D(1, 3, padding="same", **more)),
            r"in the input's shape, or targets be given as y; "
            r"ZeroPadding2D\(\(\(1, 2\), \(1, 2\)\)\) at the end mends it",
            None,
        ),
        (lambda **more: decoder(tae.Conv2DTranspose(2, 3, 2, "same")), "given as y$", None),
    ],
)
def test_the_refusal_names_what_mends_it(make, message, mended):
    ae = make()
    x = np.random.default_rng(0).random((4, *ae.input_shape))
    with pytest.raises(ValueError, match="cannot learn its input.*" + message):
        ae.fit(x, verbose=0)
    if mended:
        assert make(**mended).output_shape == ae.input_shape
        make(**mended).fit(x, verbose=0)


def test_one_side_alone_may_have_output_padding():
    def decode(**more):
        conv = tae.Conv2D(2, (4, 1), 2, "same")
        return tae.Autoencoder(
            [conv], [tae.Conv2DTranspose(1, (4, 1), 2, "same", **more)], (6, 3, 1)
        )

    with pytest.raises(ValueError, match=r"output_padding=\(None, 0\) in decoder\[0\]"):
        decode().fit(np.ones((2, 6, 3, 1)), verbose=0)
    ae = decode(output_padding=(None, 0))
    assert ae.output_shape == (6, 3, 1)
    assert ae.copy().decoder.layers[0].output_padding == (None, 0)
    assert tae.Conv2DTranspose(1, 2, 2, output_padding=[None, None]).output_padding is None


def test_it_names_the_output_padding_of_sequences_too():
    ae = tae.Autoencoder([tae.Conv1D(2, 3, 2)], [tae.Conv1DTranspose(1, 3, 2)], (12, 1))
    with pytest.raises(ValueError, match=r"y; output_padding=1 in decoder\[0\] Conv1DTranspose me"):
        ae.evaluate(np.ones((3, 12, 1)))
    ae = tae.Autoencoder(
        [tae.Conv1D(2, 3, 2)], [tae.Conv1DTranspose(1, 3, 2, output_padding=1)], (12, 1)
    )
    ae.evaluate(np.ones((3, 12, 1)))


def test_an_average_of_sequences_counts_real_steps_only():
    chain = built(tae.AveragePooling1D(3, 3, "same"), (4, 1))
    x = np.arange(1.0, 5).reshape(1, 4, 1)
    np.testing.assert_allclose(chain.predict(x)[0, :, 0], [1.5, 3.5])
    assert_definition = naive.forward(chain.layers[0], x)
    np.testing.assert_allclose(chain.predict(x), assert_definition)
