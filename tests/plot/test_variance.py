"""The shares of the variance: the numbers behind the bars and the line."""

import numpy as np
import pytest

from tinyae import PCA, plot

X = np.random.default_rng(0).normal(size=(60, 40)) * np.linspace(3, 0.1, 40)


@pytest.mark.parametrize("components", [1, 5, 40])
def test_each_share_and_their_sums(components):
    pca = PCA(components).fit(X)
    ax = plot.explained_variance(pca)
    (line,) = ax.lines
    shares = pca.explained_variance_ratio_
    np.testing.assert_allclose(line.get_ydata(), np.cumsum(shares))
    np.testing.assert_array_equal(line.get_xdata(), range(1, components + 1))
    bars = [bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(bars, shares if components <= 30 else [])
    assert len(ax.collections) == (components > 30)
    assert sorted(text.get_text() for text in ax.get_legend().get_texts()) == [
        *("component k alone", "the first k together"),
    ]
    ax.figure.canvas.draw()


def test_what_has_no_shares_is_refused():
    for given in (PCA, 3, X):
        with pytest.raises(ValueError, match="pca must be a fitted PCA, but got"):
            plot.explained_variance(given)
