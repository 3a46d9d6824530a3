"""Titles, legends, colour bars and aspects: what they say, and that they reach no neighbour."""

import itertools

import numpy as np
import pytest
from matplotlib import pyplot as plt

import tinyae as tae
from tests.support.drawings import DRAWINGS as MORE
from tinyae import plot
from tinyae.linear.pca import PCA
from tinyae.network.history import History

X = np.random.default_rng(0).random((60, 16))
CODES = np.random.default_rng(1).normal(size=(60, 5)) * (5, 1, 1, 30, 2)
PCA_2 = PCA(2).fit(X)
HISTORY = {
    f"{prefix}{part}": [1.0, 0.5, 0.25]
    for prefix in ("", "val_")
    for part in ("loss", "reconstruction", "penalty")
}
LABELS = {
    "digits": np.arange(60) % 10,
    "long": np.resize(["a class", "one with a rather long name"], 60),
    "fifty": np.arange(60) % 50,
}


def kernels():
    layer = tae.Dense(9)
    tae.Sequential([layer]).build((16,))
    return layer


DRAWINGS = {
    "history": lambda **how: plot.history(HISTORY, **how),
    "latent": lambda **how: plot.latent(CODES[:, :2], **how),
    "latent in rows": lambda **how: plot.latent(CODES[:, :1], LABELS["digits"], **how),
    "joint": lambda **how: plot.joint(CODES, **how),
    "curve": lambda **how: plot.curve(PCA(1).fit(CODES[:, :2]), CODES[:, :2], **how),
    "reconstructions": lambda **how: plot.reconstructions(PCA_2, X, **how),
    "manifold": lambda **how: plot.manifold(PCA_2, n=3, **how),
    "interpolation": lambda **how: plot.interpolation({"pixels": X[:5], "codes": X[:5]}, **how),
    "samples": lambda **how: plot.samples(X[:9], **how),
    "error_map": lambda **how: plot.error_map(PCA_2, X, **how),
    "filters": lambda **how: plot.filters(kernels(), **how),
    **MORE,
    **{
        f"{name}, labels: {kind}": lambda draw=draw, labels=labels, **how: draw(labels, **how)
        for (name, draw), (kind, labels) in itertools.product(
            {
                "latent": lambda labels, **how: plot.latent(CODES[:, :2], labels, **how),
                "joint": lambda labels, **how: plot.joint(CODES, labels, units=(1, 3), **how),
            }.items(),
            LABELS.items(),
        )
    },
}
PAIRS = {
    "compare_latent": lambda **how: plot.compare_latent(PCA_2, PCA_2, X, LABELS["digits"], **how),
    "explore": lambda **how: plot.explore(PCA_2, X, LABELS["digits"], **how),
}
FIGURES = {
    "plain": {},
    "shared": {"sharex": True, "sharey": True},
    "wide": {"figsize": (13, 4)},
    "constrained": {"figsize": (12, 4), "layout": "constrained"},
    "tight": {"figsize": (12, 4), "layout": "tight"},
}
TITLES = {
    "history": "Training history",
    "latent": "Latent codes",
    "joint": "Codes 0 and 1",
    "curve": "Data and decoded curve",
    "manifold": "Decoded codes",
    "samples": "Samples",
}


# Titles


@pytest.mark.parametrize("name", [name for name in DRAWINGS if "labels:" not in name])
def test_a_title_can_be_given(name):
    draw = DRAWINGS[name]
    own = draw(title=None).get_title()
    assert own == TITLES.get(name, own) != ""
    assert draw().get_title() == own
    assert draw(title="").get_title() == ""
    given = draw(title="one that is longer than what there is room for beside a neighbour")
    assert given.get_title().startswith("one that")
    assert given.title.get_fontsize() == plt.figure().add_subplot().title.get_fontsize()


@pytest.mark.parametrize("name", PAIRS)
def test_titles_of_two(name):
    def titles(**how):
        return [ax.get_title() for ax in PAIRS[name](**how)]

    own = titles()
    assert "" not in own
    assert titles(title=None) == titles(title=(None, None)) == own
    assert titles(title="") == ["", ""]
    assert titles(title="mine") == ["mine", "mine"]
    assert titles(title=("mine", None)) == ["mine", own[1]]
    assert titles(title=["", "mine"]) == ["", "mine"]
    for wrong in (("a",), ("a", "b", "c"), ("a", 2)):
        before = plt.get_fignums()
        with pytest.raises(ValueError, match="title must be one title, or one for each"):
            titles(title=wrong)
        assert plt.get_fignums() == before


@pytest.mark.parametrize(("epochs", "step"), [(1, 1), (3, 1), (20, 5), (60, 10)])
def test_a_history_counts_in_steps_that_are_easily_read(epochs, step):
    ticks = plot.history({"loss": list(range(1, epochs + 1))}).get_xticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))
    np.testing.assert_array_equal(np.diff(ticks), step)


def test_a_history_takes_a_title():
    history = History(HISTORY)
    assert history.plot(title="mine").get_title() == "mine"


@pytest.mark.parametrize("units", [(1, 3), (3, 1), (0, 4)])
def test_joint_counts_codes_as_its_argument_does(units):
    ax = plot.joint(CODES, units=units)
    across, up = units
    assert ax.get_title() == f"Codes {across} and {up}"
    assert (ax.get_xlabel(), ax.get_ylabel()) == (f"code {across}", f"code {up}")
    for other in (plot.latent(CODES[:, :2]), plot.manifold(PCA_2, n=2)):
        assert (other.get_xlabel(), other.get_ylabel()) == ("code 0", "code 1")
    rows = str(tae.latent_diagnostics(CODES)).splitlines()[1:6]
    assert [row.split()[0] for row in rows] == list("01234")


# The loss is not hidden


def test_the_loss_lies_upon_the_wider_reconstruction():
    ax = plot.history(HISTORY)
    lines = {line.get_label(): line for line in ax.lines}
    for prefix in ("", "val_"):
        loss, reconstruction = lines[f"{prefix}loss"], lines[f"{prefix}reconstruction"]
        assert loss.get_zorder() > reconstruction.get_zorder()
        assert reconstruction.get_linewidth() > 2 * loss.get_linewidth()
        assert reconstruction.get_markersize() > loss.get_markersize()
        assert loss.get_color() != reconstruction.get_color()
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[:3] == ["loss", "val_loss", "reconstruction"]


# Neighbours


def three(draw, options):
    """Three drawings side by side: for each its axes, and all axes that it has made."""
    figure, axes = plt.subplots(1, 3, **options)
    parts = []
    for ax in axes:
        before = figure.axes
        draw(ax=ax)
        parts.append((ax, [ax, *(each for each in figure.axes if each not in before)]))
    figure.canvas.draw()
    return figure, parts


def others(parts, i):
    return [each for j, (_, axes) in enumerate(parts) if j != i for each in axes]


def overlap(a, b):
    """Whether two boxes share more than half a pixel."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    return width > 0.5 and min(a.y1, b.y1) - max(a.y0, b.y0) > 0.5


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *itertools.product(DRAWINGS, ("plain", "constrained")),
        *itertools.product(
            ("history", "error_map", "latent, labels: long", "joint, labels: digits"),
            ("shared", "wide", "tight"),
        ),
    ],
)
def test_legends_bars_and_own_titles_reach_no_neighbour(name, kind):
    figure, parts = three(DRAWINGS[name], FIGURES[kind])
    for i, (ax, axes) in enumerate(parts):
        mine = [each.get_tightbbox() for each in axes[1:] if each.axison and each is not ax]
        legend = ax.get_legend()
        if legend is not None:
            box = legend.get_window_extent()
            mine.append(box)
            assert min(box.x0, box.y0) >= 0
            assert box.x1 <= figure.bbox.x1
            assert box.y1 <= figure.bbox.y1
        for other in others(parts, i):
            for box in mine:
                assert not overlap(box, other.get_window_extent())
            if other.get_title():
                assert not overlap(ax.title.get_window_extent(), other.title.get_window_extent())


@pytest.mark.parametrize(
    "name", ["reconstructions", "compare_reconstructions", "interpolation", "error_map"]
)
@pytest.mark.parametrize("kind", ["plain", "shared", "constrained"])
def test_names_of_rows_reach_no_neighbour(name, kind):
    _, parts = three(DRAWINGS[name], FIGURES[kind])
    for i, (ax, _) in enumerate(parts):
        for label in ax.get_yticklabels():
            for other in others(parts, i):
                assert not overlap(label.get_window_extent(), other.get_window_extent())


@pytest.mark.parametrize("kind", ["plain", "constrained"])
def test_the_figures_below_an_error_map_are_clear_of_each_other(kind):
    _, parts = three(DRAWINGS["error_map"], FIGURES[kind])
    for ax, _ in parts:
        boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
        assert not any(overlap(a, b) for a, b in itertools.pairwise(boxes))


@pytest.mark.parametrize("name", [name for name in DRAWINGS if "labels:" in name])
def test_a_figure_of_its_own_has_room_for_the_legend(name):
    ax = DRAWINGS[name]()
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent()
    assert box.y0 >= 0
    assert box.x1 <= ax.figure.bbox.x1
    assert all(box.x0 >= each.get_window_extent().x1 for each in ax.figure.axes)


def test_the_legend_of_two_stays_within_the_right_one():
    for draw in PAIRS.values():
        figure, axes = plt.subplots(1, 3)
        pair = draw(axes=axes[:2])
        figure.canvas.draw()
        (legend,) = [ax.get_legend() for ax in pair if ax.get_legend() is not None]
        owner = legend.axes.get_window_extent()
        box = legend.get_window_extent()
        assert owner.x0 <= box.x0 <= box.x1 <= owner.x1
        titles = [ax.title.get_window_extent() for ax in pair]
        assert not overlap(*titles)


def test_names_may_be_empty():
    ax = plt.figure().add_subplot()
    plot.interpolation({"": X[:4]}, ax=ax)
    assert plot.joint(CODES, np.full(60, ""), ax=plt.figure().add_subplot()).get_legend()
    ax.figure.canvas.draw()


# Aspects


@pytest.mark.parametrize("kind", ["plain", "shared", "constrained"])
@pytest.mark.parametrize("name", ["latent", "curve", "joint, labels: digits"])
def test_a_unit_is_as_long_on_both_axes(name, kind):
    _, parts = three(DRAWINGS[name], FIGURES[kind])
    for ax, _ in parts:
        origin, across, up = ax.transData.transform([(0, 0), (1, 0), (0, 1)])
        assert (across - origin)[0] == pytest.approx((up - origin)[1], rel=1e-3)
        for points in ax.collections:  # and none is cut off
            offsets = ax.transData.transform(points.get_offsets())
            box = ax.get_window_extent()
            assert box.x0 <= offsets[:, 0].min() <= offsets[:, 0].max() <= box.x1
            assert box.y0 <= offsets[:, 1].min() <= offsets[:, 1].max() <= box.y1


def test_a_unit_is_as_long_on_both_axes_of_two():
    for ax in (*PAIRS["compare_latent"](), PAIRS["explore"]()[0]):
        assert ax.get_aspect() == 1


def test_rows_of_labels_are_no_codes():
    assert DRAWINGS["latent in rows"]().get_aspect() == "auto"


def test_one_point_has_an_aspect_too():
    ax = plot.joint(np.ones((1, 2)))
    ax.figure.canvas.draw()
    assert ax.get_xlim() == ax.get_ylim() == (0.5, 1.5)


def test_the_name_of_a_file_is_no_label():
    with pytest.raises(ValueError, match=r"labels must be numbers or words.* got 'codes.png'"):
        plot.latent(CODES[:, :2], "codes.png")
