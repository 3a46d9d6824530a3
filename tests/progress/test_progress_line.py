"""Progress: what is shown where, and whether it is true."""

import contextlib
import re
import signal
import sys
import textwrap
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyae as tae
from tests.support.small_models import samples, small_model
from tests.support.terminal import frames, in_a_pipe, on_a_terminal, seen
from tinyae.checks.tables import figure
from tinyae.progress import live_line, progress_line
from tinyae.progress.live_line import COMPILING, duration
from tinyae.progress.progress_line import ProgressLine
from tinyae.training import fit as training

LOGS = {"loss": 0.5, "reconstruction": 0.5, "penalty": 0.0, "seconds": 1.0}


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""
    clock = SimpleNamespace(now=100.0)
    time = SimpleNamespace(perf_counter=lambda: clock.now)
    monkeypatch.setattr(live_line, "time", time)
    monkeypatch.setattr(progress_line, "time", time)
    monkeypatch.setenv("COLUMNS", "80")
    return clock


def shown(line, clock, capsys, after, finished, logs=LOGS):
    """What the line shows some seconds later."""
    clock.now += after
    line.show_epochs(finished, lambda: logs)
    return capsys.readouterr().out.lstrip("\r").rstrip()


def test_the_time_left_is_what_the_rest_will_take(clock, capsys):
    """By the pace since the first look: what came before it compiled."""
    line = ProgressLine(1, 0, 10)
    assert shown(line, clock, capsys, 30, 1).endswith("epoch  1/10  loss 0.5000")
    assert shown(line, clock, capsys, 2, 2).endswith("  16.0 s left")
    assert shown(line, clock, capsys, 2, 3).endswith("  14.0 s left")
    assert shown(line, clock, capsys, 26, 6).endswith("  24.0 s left")  # 30 s for 5
    assert shown(line, clock, capsys, 18, 9).endswith("  6.0 s left")


def test_a_second_training_counts_from_where_it_began(clock, capsys):
    line = ProgressLine(1, 40, 50)
    shown(line, clock, capsys, 1, 41)
    assert shown(line, clock, capsys, 2, 42).endswith("epoch 42/50  loss 0.5000    16.0 s left")


def test_no_time_is_left_at_the_end_nor_is_an_epoch_begun(clock, capsys):
    line = ProgressLine(1, 0, 3)
    for finished, epoch in ((0.0, 1), (0.5, 1), (1.0, 1), (1.01, 2), (2.0, 2), (3.0, 3)):
        text = shown(line, clock, capsys, 1, finished)
        assert text.startswith(f"epoch {epoch}/3")
        assert text.endswith("left") == (0 < finished < 3)
    line.epoch(2, LOGS)
    clock.now += 1
    line.close()
    assert capsys.readouterr().out.lstrip("\r").rstrip() == "epoch 3/3  loss 0.5000    7.0 s"


def test_a_compilation_does_not_count_for_what_is_left(clock, capsys):
    """As where the first validation compiles: it was 5:04 left for a run of 2 s."""
    line = ProgressLine(1, 0, 100)
    shown(line, clock, capsys, 1, 1)
    with line.noting_compilations():
        line._compiles()
        clock.now += 50
    assert not shown(line, clock, capsys, 1, 2).endswith("left")
    assert shown(line, clock, capsys, 1, 3).endswith("  1:37 left")
    assert shown(line, clock, capsys, 1, 4).endswith("  1:36 left")


@pytest.mark.parametrize("callbacks", [None, lambda epoch, logs: None], ids=["free", "paused"])
def test_each_stretch_is_shown_with_the_means_so_far(callbacks, monkeypatch):
    step = {"batch_size": 8, "verbose": 0, "steps_per_epoch": 1}
    losses, shown = small_model().fit(samples(), epochs=6, **step)["loss"], []
    show = lambda line, done, logs: shown.append((done, logs()["loss"]))  # noqa: E731
    monkeypatch.setattr(ProgressLine, "show_epochs", show)
    monkeypatch.setattr(training.tuning, "STRETCH_SECONDS", 0)  # a step each
    small_model().fit(samples(), epochs=2, callbacks=callbacks, **{**step, "steps_per_epoch": 3})
    assert [done for done, _ in shown] == pytest.approx([k / 3 for k in range(1, 7)])
    means = [np.mean(losses[k // 3 * 3 : k + 1]) for k in range(6)]
    assert [loss for _, loss in shown] == pytest.approx(means)


def test_what_is_said_of_a_compilation_goes_with_it_and_nothing_else_does(clock, capsys):
    line = ProgressLine(1, 0, 100)
    for text, said in (("epoch 1", "epoch 1"), (COMPILING, "")):
        line.write("epoch 1")
        with line.noting_compilations():
            if text == COMPILING:
                line._compiles()
            assert line.text == text
        assert line.text == said
    capsys.readouterr()
    for more, said in ((True, COMPILING), (False, "")):  # once, though there are two blocks
        with line.noting_compilations(more):
            line._compiles()
        assert line.text == said
    with contextlib.suppress(KeyError), line.noting_compilations(more=True):
        line._compiles()
        raise KeyError
    assert line.text == ""
    assert capsys.readouterr().out.count(COMPILING) == 2
    for verbose in (0, 2):  # no line that could be renewed
        ProgressLine(verbose, 0, 100)._compiles()
    assert capsys.readouterr().out == ""


def test_it_is_not_renewed_more_often_than_can_be_read(clock, capsys):
    line = ProgressLine(1, 0, 1000)
    lines = [shown(line, clock, capsys, 0.03, epoch) for epoch in range(1, 41)]
    assert len([text for text in lines if text]) == 10


losses = st.floats(1e-9, 1e9) | st.just(0.0) | st.floats(1e-4, 10)


@given(st.lists(st.tuples(losses, losses, losses), min_size=2, max_size=10), st.booleans())
def test_columns_stand_still(figures, penalised):
    """Whatever the losses and the epoch: each figure begins where it began before."""
    line, places = ProgressLine(0, 0, 100), set()
    for epoch, (loss, penalty, validation) in enumerate(figures, start=8):
        logs = {"loss": loss, "penalty": penalised * (penalty + 1e-8), "val_loss": validation}
        text = line._line(epoch, logs, 79)
        places.add(tuple(match.start() for match in re.finditer(r"loss|penalty|val_loss|$", text)))
        assert len(text) + len("  1:23:45 left") <= 79
        assert len(re.findall(r"  \w+ [\d.e-]+", text)) == 2 + penalised
    assert len(places) == 1


@given(st.floats(-1e30, 1e30) | st.floats(-1, 1))
def test_figures_have_four_significant_digits(value):
    text = figure(value)
    digits = text.partition("e")[0].lstrip("-").replace(".", "")
    if value:
        digits = digits.lstrip("0")
    assert len(digits) == 4
    assert float(text) == pytest.approx(value, rel=5.1e-4)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1:00"), (3599.4, "59:59"), (3599.6, "1:00:00")],
)
def test_times_are_read_as_on_a_clock(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize("columns", [20, 40, 70, 80, 200])
def test_narrow_terminals_get_fewer_columns(columns, clock, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    line = ProgressLine(1, 0, 1000)
    logs = {**LOGS, "penalty": 1e-5, "val_loss": 0.25}
    shown(line, clock, capsys, 1, 1, logs)
    text = shown(line, clock, capsys, 2, 2, logs)
    assert len(text) < columns
    names = [name for name in ("penalty", "val_loss") if f"  {name} " in text]
    assert names == {70: ["val_loss"], 80: ["val_loss"], 200: ["penalty", "val_loss"]}.get(
        columns, []
    )
    assert text.endswith("left") == (columns >= 70)


@pytest.mark.parametrize(("room", "names"), [(49, ""), (67, "val_loss"), (79, "kl val_loss")])
def test_a_variational_model_shows_its_divergence_in_place_of_the_penalty(room, names):
    logs = {**LOGS, "penalty": 0.125, "kl": 12.5, "val_loss": 0.25, "val_kl": 25.0}
    shown = re.findall(r"kl|val_\w+|penalty", ProgressLine(0, 0, 100)._line(3, logs, room))
    assert shown == names.split()


def test_the_last_validation_stands_beside_the_epoch_that_runs(clock, capsys):
    line = ProgressLine(1, 0, 10)
    line.epoch(0, {**LOGS, "val_loss": 0.25})
    text = shown(line, clock, capsys, 1, 1.5, {**LOGS, "loss": 0.125})
    assert text == "epoch  2/10  loss 0.1250    val_loss 0.2500"


def ctrl_c_before_the_first_step(ae, monkeypatch):
    def gather(*arguments):
        signal.raise_signal(signal.SIGINT)
        return right(*arguments)

    right = training.gather
    monkeypatch.setattr(training, "gather", gather)
    return samples(), KeyboardInterrupt


def divergence_in_the_first_step(ae, monkeypatch):
    return samples() * 1e30, tae.TrainingDiverged


@pytest.mark.parametrize("cause", [ctrl_c_before_the_first_step, divergence_in_the_first_step])
@pytest.mark.parametrize("verbose", [1, 2])
def test_without_a_finished_step_the_line_is_left_empty(cause, verbose, monkeypatch, capsys):
    ae = small_model()
    x, error = cause(ae, monkeypatch)
    monkeypatch.setattr(live_line, "SECONDS_BETWEEN", -1)
    with pytest.raises(error) as caught:
        ae.fit(x, batch_size=48, verbose=verbose)
    assert caught.value.__context__ is None
    text = capsys.readouterr().out
    assert {*frames(text)} <= {COMPILING}
    assert seen(text) == [""]


# Where it is written

FIT = """
    import sys
    import numpy as np
    import tinyae as tae
    x = np.random.default_rng(0).random((64, 6))
    ae = tae.Autoencoder([tae.Dense(2, activity_regularizer=tae.L1(1e-3))], [tae.Dense(6)])
    ae.fit(x, verbose=0)
    ae.fit(x, epochs={epochs}, validation_data=x, verbose={verbose!r})
"""


@pytest.mark.parametrize("verbose", ["auto", 2])
def test_one_plain_line_an_epoch_into_a_pipe(verbose):
    text = in_a_pipe(FIT.format(epochs=3, verbose=verbose))
    assert "\r" not in text
    lines = text.splitlines()
    assert [line.split()[:2] for line in lines] == [["epoch", f"{e}/4"] for e in (2, 3, 4)]
    assert all(re.search(r"  loss \d.*  penalty \d.*  val_loss \d", line) for line in lines)


def test_nothing_is_written_at_verbose_0(capfd):
    small_model().fit(samples(), epochs=2, validation_data=samples(), verbose=0)
    assert capfd.readouterr() == ("", "")


def test_a_process_without_standard_output_trains_and_checks(monkeypatch):
    ae = small_model()
    monkeypatch.setattr(sys, "stdout", None)  # as under pythonw, or in a service
    ae.fit(samples(), epochs=2)
    assert ae.progress.epoch == 2
    assert tae.check_gradients(ae, samples(3)).passed


@pytest.mark.large
@pytest.mark.parametrize("verbose", ["auto", 1])
def test_a_terminal_gets_one_line_that_renews_itself(verbose):
    text = on_a_terminal(FIT.format(epochs=4000, verbose=verbose))
    assert text.endswith("\r\n")
    assert text.count("\n") == 1
    lines = frames(text)
    assert len(lines) > 3
    assert max(map(len, lines)) < 80
    lines = [line for line in lines if line != COMPILING]
    epochs = [int(re.match(r"epoch +(\d+)/4001  loss ", line)[1]) for line in lines]
    assert epochs == sorted(epochs)
    assert epochs[-1] == 4001
    assert re.search(r"  \d+\.\d s$", lines[-1])
    assert not any(" 0.0 s left" in line for line in lines)
    # but for the end, and where there was one look only since the beginning or a compilation
    assert len([line for line in lines if not line.endswith(" left")]) <= 3


# A kernel that is compiled in every process, since it has no source file
OWN = """
    import numpy as np
    import tinyae as tae

    @tae.kernel
    def forward(z, b):
        for k in range(z.size):
            z[k] += b[k]

    @tae.kernel
    def backward(a, d):
        pass

    same = tae.ActivationFunction("same", forward, backward, "dy", lambda z: z)
    x = np.random.default_rng(0).random((64, 6))
    model = lambda **options: tae.Autoencoder([tae.Dense(2, same)], [tae.Dense(6)], **options)
    ae = model()
"""


@pytest.mark.large
@pytest.mark.parametrize(
    ("call", "left"),
    [
        ("ae.fit(x)", "epoch 1/1"),
        ("ae.fit(x, validation_data=x)", "epoch 1/1"),
        ("ae.fit(x, epochs=0)", ""),
        ("tae.check_gradients(ae, x[:3])", ""),
    ],
)
def test_a_terminal_is_told_of_a_compilation_once(call, left):
    code = f"{textwrap.dedent(OWN)}\n{call}\nprint('again')\n{call}\n"
    in_a_pipe(code)  # all but the kernel is kept from now on
    first, again = on_a_terminal(code).split("again")
    assert frames(first).count(COMPILING) == 1  # kernels are many
    assert COMPILING not in frames(again)
    assert seen(first)[0].startswith(left)
    assert "compiling" not in "".join(seen(first))


@pytest.mark.large
def test_what_has_no_verbose_is_silent_where_it_compiles():
    code = """
ae = model(input_shape=(6,))
ae.encode(x), ae.reconstruct(x), ae.evaluate(x), ae.loss_and_gradient(x)
ae.fit(x, verbose=0)
tae.check_gradients(ae, x[:3], verbose=0)
"""
    assert on_a_terminal(textwrap.dedent(OWN) + code) == ""


@pytest.mark.large
def test_a_refusal_while_compiling_leaves_an_empty_line(capsys):
    class Wrong(tae.Loss):
        kernel = tae.kernel(lambda y, x, settings, scale, dy, sums: dy.none)

    with pytest.raises(ValueError, match="cannot be compiled"):
        small_model(Wrong()).fit(samples(), verbose=1)
    assert seen(capsys.readouterr().out) == [""]
