"""What the plots draw: the numbers behind the pictures, and that they leave matplotlib alone."""

import importlib
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

import tinyae as tae
from tests.support.drawings import DRAWINGS
from tinyae import plot
from tinyae.linear.pca import PCA


class Half:
    """A model that halves what it is given, and decodes a code to an image that shows it."""

    def __init__(self, shape=(4, 4)):
        self.shape = shape

    def reconstruct(self, x):
        return np.asarray(x) / 2

    def encode(self, x):
        return np.asarray(x).reshape(len(x), -1)[:, :2]

    def decode(self, z):
        images = np.zeros((len(z), *self.shape))
        images[:, 0, 0], images[:, -1, -1] = z[:, 0], z[:, 1]
        return images.reshape(len(z), -1)


def flat_images(n=12, side=4):
    return np.random.default_rng(0).random((n, side * side))


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def drawings():
    x = flat_images(30)
    pca, codes, labels = PCA(2).fit(x), x[:, :2], np.resize(["a class", "one of a long name"], 30)
    return {
        "history": lambda **where: plot.history({"loss": [1.0, 0.5]}, **where),
        "latent": lambda **where: plot.latent(codes, labels, **where),
        "reconstructions": lambda **where: plot.reconstructions(pca, x, **where),
        "manifold": lambda **where: plot.manifold(pca, n=3, **where),
        "joint": lambda **where: plot.joint(codes, labels, **where),
        "curve": lambda **where: plot.curve(PCA(1).fit(codes), codes, **where),
        "interpolation": lambda **where: plot.interpolation({"pixels": x[:5]}, **where),
        "samples": lambda **where: plot.samples(x[:7], **where),
        "error_map": lambda **where: plot.error_map(pca, x, **where),
        **DRAWINGS,
    }


@pytest.mark.parametrize("name", drawings())
def test_draws_where_told_and_changes_nothing_else(name, ax):
    draw, settings = drawings()[name], dict(matplotlib.rcParams)
    assert draw(ax=ax) is ax
    assert plt.get_fignums() == [ax.figure.number]
    assert ax.get_title()
    own = draw()
    assert own is not ax
    assert len(plt.get_fignums()) == 2
    assert dict(matplotlib.rcParams) == settings
    own.figure.canvas.draw()  # with warnings as errors: layout, fonts and scales are in order


@pytest.mark.parametrize("name", drawings())
def test_nothing_is_cut_off(name):
    ax = drawings()[name]()
    ax.figure.canvas.draw()
    drawn = ax.get_tightbbox()
    assert drawn.x0 >= 0
    assert drawn.y0 >= 0
    assert drawn.x1 <= ax.figure.bbox.x1
    assert drawn.y1 <= ax.figure.bbox.y1


def test_history_counts_epochs_from_one(ax):
    figures = {"loss": [3.0, 2.0, 1.5], "reconstruction": [3.0, 2.0, 1.5], "penalty": [0.0] * 3}
    figures |= {"val_loss": [np.nan, 2.5, 2.0], "val_penalty": [np.nan, 0.0, 0.0]}
    plot.history(figures | {"seconds": [9.0] * 3}, ax=ax)
    assert legend_texts(ax) == ["loss", "val_loss"]
    training, validation = ax.lines
    np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(training.get_ydata(), figures["loss"])
    np.testing.assert_array_equal(validation.get_ydata(), figures["val_loss"])
    assert training.get_color() == validation.get_color()
    assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert ax.get_yscale() == "linear"


def test_history_shows_the_parts_where_there_is_a_penalty(ax):
    figures = {"loss": [3.0, 2.0], "reconstruction": [2.5, 1.9], "penalty": [0.5, 0.1]}
    plot.history(figures, ax=ax)
    assert legend_texts(ax) == ["loss", "reconstruction", "penalty"]
    assert [list(line.get_ydata()) for line in ax.lines] == list(figures.values())
    assert ax.get_yscale() == "log"  # from 0.1 to 3


def test_history_of_nothing_is_refused():
    for empty in ({}, {"loss": []}):
        with pytest.raises(ValueError, match="history must hold the loss of one epoch"):
            plot.history(empty)


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"loss": ["low"]}, r"history\['loss'\] must hold real numbers"),
        ({"loss": [1.0], "val_loss": [1j]}, r"history\['val_loss'\] must hold real numbers"),
        (
            {"loss": [[1.0, 2.0]]},
            r"history\['loss'\] must hold one number for each epoch.*\(1, 2\)",
        ),
        ({"loss": [1.0], "penalty": [None]}, r"history\['penalty'\] must hold real numbers"),
    ],
)
def test_history_refuses(figures, message):
    with pytest.raises(ValueError, match=message):
        plot.history(figures)
    assert plt.get_fignums() == []


def test_latent_colours_by_label(ax):
    codes = np.random.default_rng(0).normal(size=(23, 2))
    labels = np.array(["b", "a", "c"])[np.arange(23) % 3]
    plot.latent(codes, labels, ax=ax)
    assert legend_texts(ax) == ["a", "b", "c"]
    (points,) = ax.collections
    np.testing.assert_array_equal(points.get_offsets(), codes)
    colours = {"a": plot.COLOURS[0], "b": plot.COLOURS[1], "c": plot.COLOURS[2]}
    expected = [to_rgb(colours[label]) for label in labels]
    np.testing.assert_allclose(points.get_facecolors()[:, :3], expected)
    handles = ax.get_legend().legend_handles
    assert [handle.get_color() for handle in handles] == list(colours.values())


def test_latent_without_labels_has_one_colour_and_no_legend(ax):
    plot.latent(np.eye(2), ax=ax)
    assert ax.get_legend() is None
    assert len(np.unique(ax.collections[0].get_facecolors(), axis=0)) == 1


def test_latent_gives_more_than_ten_labels_another_marker(ax):
    codes = np.random.default_rng(0).normal(size=(50, 2))
    plot.latent(codes, np.arange(50) % 25, ax=ax)
    assert len(legend_texts(ax)) == 25
    styles = {(h.get_color(), h.get_marker()) for h in ax.get_legend().legend_handles}
    assert len(styles) == 25
    assert [len(points.get_offsets()) for points in ax.collections] == [20, 20, 10]


def test_latent_of_one_number_is_a_row_per_label(ax):
    codes, labels = np.linspace(0, 1, 40)[:, np.newaxis], np.arange(40) % 4 + 5
    plot.latent(codes, labels, ax=ax)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["5", "6", "7", "8"]
    offsets = np.asarray(ax.collections[0].get_offsets())
    np.testing.assert_array_equal(offsets[:, 0], codes[:, 0])
    np.testing.assert_array_equal(np.round(offsets[:, 1]), labels - 5)
    assert ax.get_legend() is None


@pytest.mark.parametrize(
    ("codes", "labels", "message"),
    [
        (np.ones((4, 3)), None, r"codes must have shape \(n, 2\).*\(4, 3\).*codes\[:, :2\]"),
        (np.ones((4, 2, 2, 1)), None, "codes must have shape"),
        (np.ones((4, 2)), [1, 2], r"labels must have shape \(4,\).*\(2,\)"),
        (np.ones((2, 2)), [[1, 2], [3]], "labels must be numbers or words"),
        (np.ones((2, 2)), [1, None], "words, one a code, but got None among them"),
        (np.ones((51, 2)), range(51), "labels must hold at most 50 different values, not 51"),
        ([[np.nan, 1]], None, "codes must be finite"),
    ],
)
def test_latent_refuses(codes, labels, message):
    with pytest.raises(ValueError, match=message):
        plot.latent(codes, labels)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("form", ["flat", "grey", "colour"])
def test_reconstructions_stand_below_their_inputs(ax, form):
    shape = {"flat": (16,), "grey": (4, 5, 1), "colour": (4, 5, 3)}[form]
    x = np.random.default_rng(0).random((6, *shape))
    plot.reconstructions(Half(), x, n=3, ax=ax)
    drawn = np.asarray(ax.images[0].get_array())
    height, width = (4, 4) if form == "flat" else (4, 5)
    assert drawn.shape[:2] == (2 * height + 1, 3 * width + 2)
    for i in range(3):
        columns = slice(i * (width + 1), i * (width + 1) + width)
        image = x[i].reshape(drawn[:height, columns].shape)
        np.testing.assert_allclose(drawn[:height, columns], image)
        np.testing.assert_allclose(drawn[height + 1 :, columns], image / 2)
    assert (drawn[height] == 1).all()  # white between the rows
    assert [text.get_text() for text in ax.get_yticklabels()] == ["input", "output"]
    assert list(ax.get_yticks()) == [(height - 1) / 2, height + 1 + (height - 1) / 2]


def test_reconstructions_ask_only_for_what_they_show(ax):
    class Counting(Half):
        def reconstruct(self, x):
            assert len(x) == 5
            return super().reconstruct(x)

    plot.reconstructions(Counting(), flat_images(9), n=5, ax=ax)
    plot.reconstructions(Counting(), flat_images(5), n=10, ax=ax)


@pytest.mark.parametrize(("scale", "limits"), [(0.5, (0, 1)), (1, (0, 1)), (255, (0, 255))])
def test_reconstructions_share_a_grey_scale(ax, scale, limits):
    x = np.resize([0.0, 1.0], (4, 16)) * scale
    plot.reconstructions(Half(), x, ax=ax)
    assert ax.images[0].get_clim() == limits


def test_colours_beyond_the_range_are_clipped(ax):
    x = np.resize([-1.0, 0.0, 1.0], (2, 4, 4, 3))
    plot.reconstructions(Half(), x, ax=ax)
    drawn = np.asarray(ax.images[0].get_array())
    np.testing.assert_allclose(drawn[:4, :4], (x[0] + 1) / 2)


@pytest.mark.parametrize("shape", [(15,), (4, 4, 2), (4, 4, 4, 3)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(ValueError, match=r"x must be square images .* but its shape is"):
        plot.reconstructions(Half(), np.ones((3, *shape)))


@pytest.mark.parametrize("n", [0, -1, 2.0, "3"])
def test_a_number_of_images_is_checked(n):
    with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
        plot.reconstructions(Half(), flat_images(), n=n)
    with pytest.raises(ValueError, match="n must be a whole number of at least 2"):
        plot.manifold(Half(), n=n)


def test_manifold_puts_every_image_at_its_code(ax):
    plot.manifold(Half(), n=5, bounds=((-2, 2), (10, 18)), ax=ax)
    (image,) = ax.images
    drawn = np.asarray(image.get_array())
    assert drawn.shape == (20, 20)
    left, right, bottom, top = image.get_extent()
    assert (left, right, bottom, top) == (-2.5, 2.5, 9, 19)
    for row in range(5):
        for column in range(5):
            tile = drawn[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            # where the middle of the tile lies on the axes, the first row being on top
            across = left + (right - left) * (column + 0.5) / 5
            up = top - (top - bottom) * (row + 0.5) / 5
            assert (tile[0, 0], tile[-1, -1]) == (across, up)
    assert ax.get_aspect() == pytest.approx(0.5)  # pixels are square


def test_manifold_bounds():
    extent = plot.manifold(Half(), n=3).images[0].get_extent()
    assert extent == [-4.5, 4.5, -4.5, 4.5]
    assert plot.manifold(Half(), n=3, bounds=(0, 2)).images[0].get_extent() == [-0.5, 2.5] * 2
    codes = np.random.default_rng(0).normal(size=(500, 2))
    low, high = np.percentile(codes, [1, 99], axis=0)
    half = (high - low) / 4
    extent = plot.manifold(Half(), n=3, codes=codes).images[0].get_extent()
    np.testing.assert_allclose(extent, np.stack([low - half, high + half], axis=1).ravel())


@pytest.mark.parametrize(
    "bounds", [(1, 1), (2, 1), (0, 1, 2), ((0, 1), (1, 0)), (np.nan, 1), (0, np.inf)]
)
def test_manifold_refuses_bounds(bounds):
    with pytest.raises(ValueError, match=r"bounds must be \(low, high\)"):
        plot.manifold(Half(), bounds=bounds)


@pytest.mark.parametrize("bounds", ["ab", (0, "1"), (0, None), ((0, 1), (1,)), (0, 1j)])
def test_manifold_refuses_what_are_no_bounds(bounds):
    with pytest.raises(ValueError, match=r"^bounds must"):
        plot.manifold(Half(), bounds=bounds)


def test_manifold_refuses_codes():
    with pytest.raises(ValueError, match="give one of them"):
        plot.manifold(Half(), bounds=(0, 1), codes=np.eye(2))
    with pytest.raises(ValueError, match=r"codes must have shape \(n, 2\)"):
        plot.manifold(Half(), codes=np.eye(3))


def test_compare_latent_names_both_errors():
    x = flat_images(40).reshape(40, 4, 4, 1)
    flat = x.reshape(40, 16)
    pca, labels = PCA(2).fit(flat), np.arange(40) % 4
    axes = plot.compare_latent(pca, Half(), x, labels)
    assert axes.shape == (2,)
    np.testing.assert_allclose(axes[0].collections[0].get_offsets(), pca.encode(flat))
    np.testing.assert_allclose(axes[1].collections[0].get_offsets(), flat[:, :2])
    errors = pca.reconstruction_error(flat).mean(), np.mean((flat / 2) ** 2)
    titles = [ax.get_title() for ax in axes]
    assert titles == [
        f"PCA: mean squared error {errors[0]:.4g}",
        f"Autoencoder: mean squared error {errors[1]:.4g}",
    ]
    assert axes[0].get_legend() is None
    assert legend_texts(axes[1]) == ["0", "1", "2", "3"]
    axes[0].figure.canvas.draw()


def test_compare_latent_draws_where_told():
    x = flat_images(20)
    axes = plt.figure().subplots(1, 2)
    assert list(plot.compare_latent(PCA(2).fit(x), Half(), x, axes=axes)) == list(axes)
    assert len(plt.get_fignums()) == 1
    with pytest.raises(ValueError, match="axes must be two Axes"):
        plot.compare_latent(PCA(2).fit(x), Half(), x, axes=axes[:1])


def test_tile_puts_gaps_between_images_only():
    images = np.arange(1, 5).reshape(4, 1, 1)
    expected = [[1, 9, 2], [9, 9, 9], [3, 9, 4]]
    np.testing.assert_array_equal(plot.tile(images, columns=2, gap=1, fill=9), expected)


@pytest.mark.parametrize(
    ("shape", "columns", "message"),
    [
        ((4, 2, 2), 3, r"images must be n .* that fill rows of 3, .*\(4, 2, 2\)"),
        ((4, 2), 2, "images must be n of shape"),
        ((4, 0, 2), 2, "images must be n of shape"),
        ((0, 2, 2), 2, "images must be n of shape"),
        ((4, 2, 2), 0, "columns must be a whole number of at least 1"),
    ],
)
def test_tile_refuses(shape, columns, message):
    with pytest.raises(ValueError, match=message):
        plot.tile(np.zeros(shape), columns)


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("tinyae.plot")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    bare = importlib.import_module("tinyae.plot")  # which needs matplotlib at its first use
    with pytest.raises(ImportError, match=r'pip install "tinyae\[plot\]"'):
        bare.history({"loss": [1.0]})
    with pytest.raises(AttributeError, match="has no attribute 'histories'"):
        _ = bare.histories


@pytest.mark.parametrize("channels", [1, 3])
def test_reconstructions_of_image_tensors_by_a_model(ax, channels):
    ae = tae.Autoencoder([tae.Conv2D(2, 3)], [tae.Conv2DTranspose(channels, 3)])
    x = np.random.default_rng(0).random((4, 6, 5, channels)).astype("float32")
    plot.reconstructions(ae, x, ax=ax)
    shown = ax.images[0].get_array()
    assert shown.shape[:2] == (13, 23)
