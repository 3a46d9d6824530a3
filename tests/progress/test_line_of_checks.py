"""Progress of a gradient check: what is shown where."""

import itertools
import re
from types import SimpleNamespace

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import samples, small_model
from tests.support.terminal import frames, seen
from tinyae.progress import live_line
from tinyae.progress.live_line import COMPILING


@pytest.fixture
def fast_clock(monkeypatch):
    """At every look the time has come to show what there is."""
    ticks = itertools.count()
    time = SimpleNamespace(perf_counter=lambda: next(ticks) * 2 * live_line.SECONDS_BETWEEN)
    monkeypatch.setattr(live_line, "time", time)


def test_check_gradients_shows_how_far_it_is(fast_clock, capsys):
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(3, "tanh"), tae.Dense(6)])
    ae.build((6,))
    ae.decoder.layers[1].trainable = False
    assert tae.check_gradients(ae, samples(3), verbose=1).passed
    text = capsys.readouterr().out
    assert seen(text) == [""]
    pattern = r"checking gradients +(\d+)%  (.*?)(  \d+\.\d s left)?"
    looks = [re.fullmatch(pattern, line) for line in frames(text) if line != COMPILING]
    checks = [12, 2, 6, 3, 18]
    assert len(looks) == sum(checks)
    assert [int(look[1]) for look in looks] == [round(100 * n / 41) for n in range(1, 42)]
    arrays = ["encoder[0].kernel", "encoder[0].bias", "decoder[0].kernel", "decoder[0].bias"]
    names = np.repeat([*arrays, "input"], checks).tolist()
    assert [look[2] for look in looks] == names
    assert [bool(look[3]) for look in looks] == [False, *[True] * 39, False]


def test_check_gradients_of_many_numbers_counts_its_directions(fast_clock, capsys):
    ae = tae.Autoencoder([tae.Dense(60)], [tae.Dense(60)], input_shape=(60,))
    tae.check_gradients(ae, np.random.default_rng(0).random((2, 60)), verbose=1)
    assert len(frames(capsys.readouterr().out)) == 5 * 20


@pytest.mark.parametrize(
    ("verbose", "lines"),
    [("auto", []), (0, []), (2, ["encoder[0].kernel: passed", "input: passed"])],
)
def test_check_gradients_writes_lines_only_where_asked(verbose, lines, capsys):
    ae = tae.Autoencoder([tae.Dense(6, use_bias=False)], [tae.Activation("tanh")])
    tae.check_gradients(ae, samples(3), verbose=verbose)
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize("verbose", [3, -1, "yes", None, 1.5])
def test_another_verbose_is_refused(verbose):
    with pytest.raises(ValueError, match="verbose must be"):
        small_model().fit(samples(), verbose=verbose)
    with pytest.raises(ValueError, match="verbose must be"):
        tae.check_gradients(small_model(), samples(3), verbose=verbose)


def test_an_error_in_check_gradients_leaves_an_empty_line(fast_clock, capsys, monkeypatch):
    calls = itertools.count()

    class Fails(tae.MSE):
        def value_and_gradient(self, output, target):
            if next(calls) == 20:
                raise RuntimeError("mine")
            return super().value_and_gradient(output, target)

    with pytest.raises(RuntimeError, match="mine"):
        tae.check_gradients(small_model(Fails()), samples(3), verbose=1)
    text = capsys.readouterr().out
    assert frames(text)
    assert seen(text) == [""]
