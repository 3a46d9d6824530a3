"""Scores, PCA's spectrum and gradients by layer: the numbers behind the lines."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

import tinyae as tae
from tinyae import plot
from tinyae.linear.pca import PCA

X = np.random.default_rng(0).normal(size=(80, 6)) * (5, 3, 2, 1, 0.5, 0.1)


def entries(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def lines(ax):
    return {line.get_label(): line.get_xydata() for line in ax.lines}


# Scores


def test_each_label_has_its_shares_and_its_part_above_the_threshold():
    scores = np.concatenate([np.linspace(1, 2, 50), np.linspace(1.5, 3, 200)])
    labels = np.repeat(["normal", "strange"], [50, 200])
    ax = plot.scores(scores, labels, threshold=1.75)
    # 13 of the 50 from 1 to 2, and 166 of the 200 from 1.5 to 3
    assert entries(ax) == ["normal: 26.0% above", "strange: 83.0% above", "threshold 1.75"]
    filled, outlined = ax.patches[::2], ax.patches[1::2]
    for patch, group in zip(outlined, (scores[:50], scores[50:]), strict=True):
        values, edges, _ = patch.get_data()
        np.testing.assert_allclose(values, np.histogram(group, edges)[0] / len(group))
        assert values.sum() == pytest.approx(1)
    assert len({patch.get_linestyle() for patch in outlined}) == 2  # told apart in grey
    assert [patch.get_fill() for patch in filled] == [True, True]
    np.testing.assert_array_equal(lines(ax)["threshold 1.75"][:, 0], [1.75, 1.75])


@pytest.mark.parametrize(
    ("scores", "scale"),
    [([1.0, 29], "linear"), ([1.0, 31], "log"), ([0.0, 31], "linear"), ([2.0, 2.0], "linear")],
)
def test_scores_of_very_different_sizes_stand_on_a_logarithmic_scale(scores, scale):
    ax = plot.scores(scores)
    assert ax.get_xscale() == scale
    assert ax.get_legend() is None
    values, edges, _ = ax.patches[0].get_data()
    assert values.sum() == pytest.approx(1)
    assert edges[0] <= min(scores) <= max(scores) <= edges[-1]


@pytest.mark.parametrize("labels", [["_a", "b"], ["", ""]])
def test_every_label_is_in_the_legend(labels):
    assert entries(plot.scores([1.0, 2.0], labels)) == sorted({*labels})
    found = entries(plot.scores([1.0, 2.0], labels, threshold=0))
    assert found == [*(f"{name}: 100.0% above" for name in sorted({*labels})), "threshold 0"]


def test_scores_that_are_none_are_refused():
    for wrong, message in (
        ([], "scores is empty"),
        ([[1.0]], r"scores must have shape \(n,\), but its shape is \(1, 1\)"),
        ([1.0, np.nan], "scores must be finite"),
        ([-1e308, 1e308], "the range of scores is beyond float64"),
    ):
        with pytest.raises(ValueError, match=message):
            plot.scores(wrong)
    with pytest.raises(ValueError, match="labels must have shape"):
        plot.scores([1.0, 2.0], [1])
    with pytest.raises(ValueError, match="threshold must be finite"):
        plot.scores([1.0, 2.0], threshold=np.inf)
    assert plt.get_fignums() == []


# The spectrum


@pytest.mark.parametrize("components", [2, 6, None])
def test_pcas_line_is_its_error(components):
    ax = plot.spectrum(PCA(components).fit(X), {2: 0.4, 1: 0.9})
    found = lines(ax)
    for k, error in found["PCA"]:
        pca = PCA(int(k)).fit(X)
        if k < 6:
            assert error == pytest.approx(pca.reconstruction_error(X).mean(), rel=1e-6)
    variances = PCA().fit(X).explained_variance_ * 79 / 80 / 6
    spectrum = found["variance of component k"][:, 1]
    np.testing.assert_allclose(spectrum, variances[: len(spectrum)], rtol=1e-9)
    np.testing.assert_array_equal(found["autoencoder"], [(1, 0.9), (2, 0.4)])
    assert ax.get_yscale() == "log"


def test_the_spectrum_alone_and_of_data_that_do_not_vary():
    assert entries(plot.spectrum(PCA(2).fit(X))) == ["PCA", "variance of component k"]
    plot.spectrum(PCA(2).fit(np.ones((5, 4)))).figure.canvas.draw()
    wide = plot.spectrum(PCA(30).fit(np.random.default_rng(0).normal(size=(50, 40))), {64: 0.1})
    assert wide.get_xscale() == "log"


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ([0.1], "errors must map sizes of codes"),
        ({"a": 1}, "a size in errors"),
        ({0: 1.0}, "a size in errors"),
        ({2: -1.0}, r"errors\[2\] must be zero or positive"),
    ],
)
def test_errors_that_are_none_are_refused(errors, message):
    with pytest.raises(ValueError, match=message):
        plot.spectrum(PCA(2).fit(X), errors)
    for wrong in (PCA, 3, tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)])):
        with pytest.raises(ValueError, match="pca must be a fitted PCA"):
            plot.spectrum(wrong)
    with pytest.raises(ValueError, match="fit"):
        plot.spectrum(PCA(2))
    assert plt.get_fignums() == []


# Gradients by layer


def test_lines_are_the_traces_gradients():
    layers = [tae.Dense(5, "sigmoid"), tae.Reshape((5,)), tae.Dense(2)]
    ae = tae.Autoencoder(layers, [tae.Dense(6)])
    traces = []
    ae.fit(X, epochs=4, verbose=0, callbacks=[lambda *_: traces.append(tae.trace(ae, X))])
    ax = plot.gradient_norms(traces)
    names = ["encoder[0] Dense", "encoder[2] Dense", "decoder[0] Dense"]
    assert entries(ax) == names  # Reshape has no weights
    for name in names:
        norms = [row.gradient_norm for trace in traces for row in trace.rows if row.name == name]
        np.testing.assert_array_equal(lines(ax)[name], np.column_stack([range(1, 5), norms]))
    area = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert area.max() == pytest.approx(max(t.rows[-1].gradient_norm for t in traces) / 1000)


def test_what_is_dead_leaves_its_line_out():
    ae = tae.Autoencoder([tae.Dense(3, "relu")], [tae.Dense(6)], input_shape=(6,))
    ae.layers[1].weights["kernel"][...] = 0
    ax = plot.gradient_norms([tae.trace(ae, X)])
    assert np.isnan(lines(ax)["encoder[0] Dense"][0, 1])
    ax.figure.canvas.draw()


def test_a_model_without_weights_shows_all_its_layers():
    ae = tae.Autoencoder([tae.Flatten()], [tae.Activation("tanh")], input_shape=(6,))
    ax = plot.gradient_norms([tae.trace(ae, X)])
    assert entries(ax) == ["encoder[0] Flatten", "decoder[0] Activation"]


def test_traces_that_are_none_or_of_two_models_are_refused():
    first, second = (
        tae.trace(tae.Autoencoder(encoder, [tae.Dense(6)]), X)
        for encoder in ([tae.Dense(2)], [tae.Dense(3), tae.Dense(2)])
    )
    for wrong in ([], [3], first, None):
        with pytest.raises(ValueError, match="traces must"):
            plot.gradient_norms(wrong)
    with pytest.raises(ValueError, match="traces must be of one model"):
        plot.gradient_norms([first, second])
    assert plt.get_fignums() == []
