"""What the history of a variational model shows."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from tinyae import plot

HISTORY = {"loss": [0.3, 0.2], "val_loss": [0.4, 0.3], "kl": [20.0, 12.0], "val_kl": [19.0, 13.0]}


@pytest.mark.parametrize("layout", ["constrained", None])
def test_the_divergence_has_an_axis_of_its_own(layout):
    fig, (ax, neighbour) = plt.subplots(1, 2, layout=layout)
    assert plot.history(HISTORY, ax=ax) is ax
    (other,) = (each for each in fig.axes if each not in (ax, neighbour))
    assert [line.get_label() for line in ax.lines] == ["loss", "val_loss"]
    for line, key in zip(other.lines, ("kl", "val_kl"), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), HISTORY[key])
    entries = [text.get_text() for text in ax.get_legend().get_texts()]
    assert entries == ["loss", "val_loss", "kl, nats (right)", "val_kl, nats (right)"]
    fig.canvas.draw()
    assert other.get_tightbbox().x1 <= neighbour.get_tightbbox().x0
    assert ax.get_ylim()[1] < 1  # the loss keeps its own scale


def test_others_have_one_axis():
    ax = plot.history({key: HISTORY[key] for key in ("loss", "val_loss")})
    assert ax.figure.axes == [ax]
