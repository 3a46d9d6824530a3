"""Which side of a layer's kernel is drawn as images, and which layers have none."""

import numpy as np
import pytest

import tinyae as tae
from tinyae import plot


def test_filters_shows_the_kernels(ax):
    layer = tae.Conv2D(5, (3, 2))
    tae.Sequential([layer]).build((6, 6, 1))
    returned = plot.filters(layer, ax=ax)
    assert returned is ax
    shown = ax.images[0].get_array().filled(np.nan)
    kernel = layer.weights["kernel"]
    assert shown.shape == (2 * 3 + 1, 3 * 2 + 2)
    np.testing.assert_array_equal(shown[:3, :2], kernel[:, :, 0, 0])
    np.testing.assert_array_equal(shown[4:, 3:5], kernel[:, :, 0, 4])
    assert np.isnan(shown[4:, 6:]).all()
    assert ax.images[0].norm.vmax == -ax.images[0].norm.vmin == np.abs(kernel).max()


def test_filters_of_a_dense_layer_are_images(ax):
    layer = tae.Dense(9)
    tae.Sequential([layer]).build((16,))
    plot.filters(layer, n=4, ax=ax)
    shown = ax.images[0].get_array()
    assert shown.shape == (9, 9)
    np.testing.assert_array_equal(shown[:4, :4], layer.weights["kernel"][:, 0].reshape(4, 4))


def shown_of(layer, ax):
    """The first image that is drawn of a layer's kernel, and the title."""
    plot.filters(layer, ax=ax)
    return ax.images[0].get_array(), ax.get_title()


@pytest.mark.parametrize("tied", [False, True])
def test_filters_of_a_decoder_are_what_it_draws(ax, tied):
    first = tae.Dense(9, "relu")  # square as well: the layer's place decides
    last = tae.Tied(first) if tied else tae.Dense(16)
    ae = tae.Autoencoder([first, tae.TopK(2)], [last], input_shape=(16,))
    shown, title = shown_of(ae.decoder[-1], ax)
    kernel = first.weights["kernel"].T if tied else last.weights["kernel"]
    assert shown.shape == (3 * 4 + 2, 3 * 4 + 2)
    np.testing.assert_array_equal(shown[:4, 5:9], kernel[1].reshape(4, 4))
    assert title == f"9 atoms of decoder[0] {type(last).__name__}"
    assert plot.filters(ae.encoder[0]).get_title() == "9 kernels of encoder[0] Dense"


def test_filters_of_a_layer_in_no_model_are_on_the_side_that_is_square(ax):
    layer = tae.Dense(16)
    tae.Sequential([layer]).build((5,))
    shown, _ = shown_of(layer, ax)
    np.testing.assert_array_equal(shown[:4, :4], layer.weights["kernel"][0].reshape(4, 4))


@pytest.mark.parametrize("kind", [tae.Conv2D, tae.Conv2DTranspose, tae.Tied])
def test_filters_of_a_convolution_that_draws_images(ax, kind):
    first = tae.Conv2D(3, 2, use_bias=False)
    last = tae.Tied(first) if kind is tae.Tied else kind(1, 2, padding="same")
    tae.Sequential([first, last]).build((6, 6, 1))
    shown, title = shown_of(last, ax)
    kernel = (first if kind is tae.Tied else last).weights["kernel"]
    second = kernel[:, :, 1, 0] if kind is tae.Conv2D else kernel[:, :, 0, 1]
    np.testing.assert_array_equal(shown[:2, 3:5], second)
    assert title == f"3 kernels of Sequential[1] {kind.__name__}"


@pytest.mark.parametrize("layer", [tae.Conv2D(2, 3), tae.Flatten()], ids=repr)
def test_filters_refuses_what_is_no_image(layer):
    tae.Sequential([layer]).build((5, 5, 2))
    with pytest.raises(ValueError, match="filters can be drawn of a Conv2D"):
        plot.filters(layer)


def test_filters_refuses_kernels_that_are_not_square_where_the_layer_stands():
    ae = tae.Autoencoder([tae.Dense(9)], [tae.Dense(10)], input_shape=(10,))
    for layer in ae.layers:  # whose other side has 9 numbers
        with pytest.raises(ValueError, match=r"flat square images, .* has the shape \(\d+, \d+\)$"):
            plot.filters(layer)
    with pytest.raises(ValueError, match="must be built before use"):
        plot.filters(tae.Dense(9))
