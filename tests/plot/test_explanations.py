"""Pictures of what is to blame: which bar, step or pixel is where."""

import numpy as np
import pytest

import tinyae as tae
from tinyae import plot


class Square:
    """A model that gives zero back."""

    def reconstruction_error(self, x, per_feature=False):
        squares = np.asarray(x, np.float64) ** 2
        return squares if per_feature else squares.reshape(len(squares), -1).mean(axis=1)


def explained(shape, n=4):
    x = np.random.default_rng(0).random((n, *shape))
    return tae.AnomalyDetector(Square(), 0.5).fit(x).explain(x)


def test_bars_are_the_most_to_blame_first():
    found = explained((5,))
    ax = plot.blame(found, sample=2, n=3, names=list("abcde"))
    widths = [patch.get_width() for patch in ax.patches]
    np.testing.assert_allclose(widths, np.sort(found.blame[2])[::-1][:3])
    named = [label.get_text() for label in ax.get_yticklabels()]
    assert named == ["abcde"[place] for place in found.ranking[2, :3]]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # from the top down
    strange = found.scores[2] > found.threshold
    assert ax.get_title().endswith("an anomaly" if strange else "ordinary")
    assert len(plot.blame(found, n=99).patches) == 5


def test_pixels_have_their_places_as_names():
    ax = plot.blame(explained((2, 2, 1)), n=1)
    assert ax.get_yticklabels()[0].get_text() in {
        "(0, 0, 0)",
        "(0, 1, 0)",
        "(1, 0, 0)",
        "(1, 1, 0)",
    }


def test_of_sequences_the_channels_and_the_steps_to_blame():
    found = explained((6, 2))
    ax = plot.blame(found, sample=1, names=["left", "right"])
    for channel, line in enumerate(ax.lines):
        np.testing.assert_array_equal(line.get_ydata(), found.x[1, :, channel])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["left", "right"]
    behind = next(other for other in ax.figure.axes if other is not ax)
    heights = behind.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx(found.blame[1].sum(axis=1).max())
    assert plot.blame(explained((6, 1))).get_legend() is None


@pytest.mark.parametrize("shape", [(16,), (4, 4, 1), (4, 4, 3)])
def test_a_map_has_the_images_and_their_blame_below(shape):
    found = explained(shape, 5)
    ax = plot.blame_map(found, n=3)
    whole = np.asarray(ax.images[0].get_array())
    assert whole.shape == (9, 14, 3)
    np.testing.assert_allclose(
        whole[:4, 5:9], np.broadcast_to(found.x[1].reshape(4, 4, -1), (4, 4, 3))
    )
    heat = found.blame[2].reshape(4, 4, -1).mean(axis=2)
    red = whole[5:, 10:, 0] - whole[5:, 10:, 2]  # red where above the usual, blue where below
    assert (np.sign(red[np.abs(heat) > 0.05]) == np.sign(heat[np.abs(heat) > 0.05])).all()
    labels = ax.get_xticklabels()
    assert [label.get_fontweight() == "bold" for label in labels] == (
        found.scores[:3] > found.threshold
    ).tolist()
    ax.figure.canvas.draw()


def test_what_cannot_be_drawn_is_refused_by_name():
    found = explained((5,))
    for draw in (plot.blame, plot.blame_map):
        with pytest.raises(
            ValueError, match=r"explanation must be what AnomalyDetector\.explain giv"
        ):
            draw(found.blame)
    with pytest.raises(ValueError, match="the explained samples must be square images"):
        plot.blame_map(found)
    with pytest.raises(ValueError, match="sample must be a whole number from 0 to 3, but got 4"):
        plot.blame(found, sample=4)
    with pytest.raises(ValueError, match="names must be 5, one for each, but are 2"):
        plot.blame(found, names=["a", "b"])
