"""Codes against each other with histograms, and the curve on which a model puts plane data."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

import tinyae as tae
from tinyae import plot
from tinyae.linear.pca import PCA


class Parabola:
    """Codes are x₁, and a code t stands for (t, t²)."""

    def encode(self, x):
        return np.asarray(x)[:, :1]

    def decode(self, z):
        return np.concatenate([z, z**2], axis=1)


def test_joint_draws_the_chosen_units_and_all_their_counts():
    codes = np.random.default_rng(0).normal(size=(200, 4))
    ax = plot.joint(codes, units=(3, 1))
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), codes[:, [3, 1]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("code 3", "code 1")
    top, side = (each for each in ax.figure.axes if each is not ax)
    places = (top, 3, 0, ax.get_xlim()), (side, 1, 1, ax.get_ylim())
    for margin, unit, axis, limits in places:
        outline = margin.patches[0].get_path().vertices
        assert (outline[:, axis].min(), outline[:, axis].max()) == pytest.approx(limits)
        counts = np.histogram(codes[:, unit], np.linspace(*limits, 41))[0]
        assert outline[:, 1 - axis].max() == counts.max()
    ax.figure.canvas.draw()
    (left, right), (bottom, up) = ax.get_xlim(), ax.get_ylim()
    assert right - left == pytest.approx(up - bottom)  # bins of one width
    assert top.get_xlim() == ax.get_xlim()
    assert side.get_ylim() == ax.get_ylim()


def test_joint_has_a_histogram_for_each_label():
    codes, labels = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 3
    ax = plot.joint(codes, labels)
    top, side = (each for each in ax.figure.axes if each is not ax)
    assert len(top.patches) == len(side.patches) == 3
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1", "2"]
    tallest = top.patches[1].get_path().vertices[:, 1].max()
    edges = np.linspace(*ax.get_xlim(), 21)
    assert tallest == np.histogram(codes[labels == 1, 0], edges)[0].max()


def test_the_histograms_of_joint_are_clear_of_title_and_legend():
    codes, labels = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 3
    ax = plot.joint(codes, labels)
    ax.figure.canvas.draw()
    top, side = (each for each in ax.figure.axes if each is not ax)
    assert ax.title.get_window_extent().y0 >= top.get_window_extent().y1
    assert ax.get_legend().get_window_extent().x0 >= side.get_window_extent().x1
    assert side.get_window_extent().x0 > ax.get_window_extent().x1


@pytest.mark.parametrize(
    ("codes", "units"), [(np.ones((4, 2)), (0, 2)), (np.ones((4, 2)), (-1, 0))]
)
def test_joint_refuses_units_that_are_not_there(codes, units):
    with pytest.raises(ValueError, match=r"codes must have shape \(n, k\) with columns"):
        plot.joint(codes, units=units)
    assert plt.get_fignums() == []


def test_curve_is_what_the_codes_between_the_lowest_and_highest_decode_to():
    x = np.random.default_rng(0).normal(size=(50, 2))
    ax = plot.curve(Parabola(), x, n=100)
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), x)
    (line,) = ax.lines
    across, up = line.get_data()
    np.testing.assert_allclose(across, np.linspace(x[:, 0].min(), x[:, 0].max(), 100))
    np.testing.assert_allclose(up, across**2)


def test_curve_reaches_the_last_point_of_many():
    """Far beyond all but one of them at either end, where percentiles would leave it out."""
    x = np.zeros((1001, 2))
    x[0, 0], x[-1, 0] = -40, 30
    across, _ = plot.curve(Parabola(), x, n=15).lines[0].get_data()
    np.testing.assert_allclose(across, np.linspace(-40, 30, 15))


def test_curve_shows_pcas_line_beside_it():
    x = np.random.default_rng(0).normal(size=(50, 2)) * (3, 1)
    pca = PCA(1).fit(x)
    ax = plot.curve(Parabola(), x, pca=pca)
    straight, bent = ax.lines
    assert [straight.get_label(), bent.get_label()] == ["PCA", "autoencoder"]
    points = straight.get_xydata()
    np.testing.assert_allclose(pca.reconstruct(points), points, atol=1e-12)
    ends = pca.reconstruct(x)[np.argsort(pca.encode(x)[:, 0])[[0, -1]]]
    np.testing.assert_allclose(points[[0, -1]], ends)


def test_points_and_lines_are_on_the_scale_that_the_model_learns():
    x = np.random.default_rng(0).integers(0, 256, (50, 2), dtype=np.uint8)
    ae = tae.Autoencoder([tae.Rescaling(1 / 255), tae.Dense(1)], [tae.Dense(2)], (2,))
    pca = PCA(1).fit(x)
    ax = plot.curve(ae, x, pca=pca)
    np.testing.assert_allclose(ax.collections[0].get_offsets(), x / 255, rtol=1e-6)
    points = 255 * ax.lines[0].get_xydata()
    np.testing.assert_allclose(pca.reconstruct(points), points, atol=1e-4)
    codes = ae.encode(x)
    ends = ae.decode(np.array([[codes.min()], [codes.max()]]))
    np.testing.assert_allclose(ax.lines[1].get_xydata()[[0, -1]], ends, rtol=1e-6)


def test_curve_refuses_other_shapes():
    x = np.random.default_rng(0).normal(size=(50, 2))
    with pytest.raises(ValueError, match="the autoencoder must have codes of one number"):
        plot.curve(PCA(2).fit(x), x)
    with pytest.raises(ValueError, match=r"x must have shape \(n, 2\)"):
        plot.curve(Parabola(), np.ones((4, 3)))
    assert plt.get_fignums() == []
