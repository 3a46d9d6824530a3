"""Strips, grids and error maps: which pixel is where."""

import numpy as np
import pytest
from matplotlib import colormaps

import tinyae as tae
from tinyae import plot


class Half:
    """A model that halves what it is given."""

    def reconstruct(self, x):
        return np.asarray(x) / 2


def drawn(ax):
    return np.asarray(ax.images[0].get_array())


def test_interpolation_has_a_row_for_each_strip():
    rng = np.random.default_rng(0)
    strips = {"pixels": rng.random((5, 16)), "codes": rng.random((5, 4, 4, 1))}
    ax = plot.interpolation(strips)
    whole = drawn(ax)
    assert whole.shape == (9, 24)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["pixels", "codes"]
    assert list(ax.get_yticks()) == [1.5, 6.5]
    np.testing.assert_array_equal(whole[:4, 15:19], strips["pixels"][3].reshape(4, 4))
    np.testing.assert_array_equal(whole[5:, :4], strips["codes"][0, ..., 0])


def test_interpolation_refuses_rows_that_do_not_match():
    images = np.ones((5, 16))
    with pytest.raises(ValueError, match="strips must hold one row"):
        plot.interpolation({})
    for other in (images[:4], np.ones((5, 25))):
        with pytest.raises(
            ValueError, match=r"strips\['codes'\] must have as many images of the same size"
        ):
            plot.interpolation({"pixels": images, "codes": other})


@pytest.mark.parametrize("shape", [(16,), (4, 4, 1), (4, 4, 3)])
def test_samples_fill_a_grid_and_leave_the_rest_white(shape):
    images = np.random.default_rng(0).random((7, *shape)) * 0.9
    whole = drawn(plot.samples(images))
    assert whole.shape[:2] == (14, 14)  # 3 × 3
    np.testing.assert_allclose(whole[5:9, 5:9].reshape(shape), images[4])
    np.testing.assert_allclose(whole[10:, :4].reshape(shape), images[6])
    assert (whole[10:, 5:] == 1).all()


def test_samples_in_chosen_columns():
    images = np.zeros((7, 16))
    assert drawn(plot.samples(images, columns=7)).shape == (4, 34)
    assert drawn(plot.samples(images, columns=70)).shape == (4, 34)
    assert drawn(plot.samples(images, columns=1)).shape == (34, 4)
    with pytest.raises(ValueError, match="columns must be a whole number of at least 1"):
        plot.samples(images, columns=0)


def test_error_map_shows_where_and_how_much():
    x = np.random.default_rng(0).random((6, 16))
    ax = plot.error_map(Half(), x, n=3)
    whole = drawn(ax)
    assert whole.shape == (14, 14, 3)
    image = x[1].reshape(4, 4)
    for channel in range(3):
        np.testing.assert_allclose(whole[:4, 5:9, channel], image)
        np.testing.assert_allclose(whole[5:9, 5:9, channel], image / 2)
    most = (x[:3] / 2).max()
    expected = colormaps["inferno"](image / 2 / most)[..., :3]
    np.testing.assert_allclose(whole[10:, 5:9], expected)
    figures = [f"{error:#.3g}" for error in np.mean((x[:3] / 2) ** 2, axis=1)]
    assert [text.get_text() for text in ax.get_xticklabels()] == figures
    assert list(ax.get_xticks()) == [1.5, 6.5, 11.5]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["input", "output", "error"]
    bar = next(each for each in ax.figure.axes if each is not ax)
    assert bar.get_ylim() == (0, most)


@pytest.mark.parametrize("shape", [(16,), (4, 4, 1), (4, 4, 3)])
def test_rows_share_the_first_ones_scale(shape):
    """Where the rows' own scales would differ: half of the input is half as bright."""
    x = 10 * np.random.default_rng(0).random((40, *shape)) - 2
    low, high = np.percentile(x, [1, 99])
    bright = np.clip((x - low) / (high - low), 0, 1).reshape(40, 4, 4, -1)
    half = np.clip((x / 2 - low) / (high - low), 0, 1).reshape(40, 4, 4, -1)
    whole = drawn(plot.error_map(Half(), x, n=40))
    np.testing.assert_allclose(whole[:4, 5:9], np.broadcast_to(bright[1], (4, 4, 3)))
    np.testing.assert_allclose(whole[5:9, 5:9], np.broadcast_to(half[1], (4, 4, 3)))
    ax = plot.reconstructions(Half(), x, n=40)
    if shape != (4, 4, 3):  # grey values, of which matplotlib makes brightnesses
        assert ax.images[0].get_clim() == (low, high)
        np.testing.assert_allclose(drawn(ax)[5:9, 5:9], x[1].reshape(4, 4) / 2)
    else:
        np.testing.assert_allclose(drawn(ax)[5:9, 5:9], half[1])


@pytest.mark.parametrize("shape", [(4, 5, 1), (4, 5, 3)])
def test_error_map_of_images(shape):
    x = np.random.default_rng(0).random((2, *shape))
    assert drawn(plot.error_map(Half(), x)).shape == (14, 11, 3)


class Perfect(Half):
    """A model that gives back what it is given, on a scale of its own."""

    def __init__(self, scale=1.0, offset=0.0):
        self.rescaled = lambda x: scale * np.asarray(x) + offset

    def reconstruct(self, x):
        return self.rescaled(x)


@pytest.mark.parametrize(
    "models",
    [
        {"a": Perfect(1 / 255), "b": Perfect(1 / 255)},
        {"a": Perfect(), "b": Perfect(1 / 255), "c": Perfect(2 / 255, -1)},
    ],
)
def test_compared_rows_are_on_the_scale_that_is_learned(models):
    """Bytes beside models that make other numbers of them first, and beside one that does not."""
    x = np.random.default_rng(0).integers(0, 256, (3, 16), dtype=np.uint8)
    ax = plot.compare_reconstructions(models, x)
    assert ax.images[0].get_clim() == (0, 1)
    expected = x[1].reshape(4, 4) / 255
    for row in range(len(models) + 1):
        np.testing.assert_allclose(drawn(ax)[5 * row :][:4, 5:9], expected, atol=1e-6)


def test_error_map_of_a_perfect_model_is_dark():
    class Perfect:
        def reconstruct(self, x):
            return x

    whole = drawn(plot.error_map(Perfect(), np.ones((2, 16))))
    np.testing.assert_allclose(
        whole[10:, :4], np.broadcast_to(colormaps["inferno"](0)[:3], (4, 4, 3))
    )


@pytest.mark.parametrize("model", [tae.models.deep((16, 8, 4)), tae.models.convolutional((2, 2))])
def test_a_manifold_is_of_codes_of_two_numbers(model):
    said = r"^model must have codes of two numbers, but of such ones it says: .*; page draws larger"
    with pytest.raises(ValueError, match=said):
        plot.manifold(model)
