"""What an interpreter or a notebook shows of a history or a model at the end of a cell."""

import dataclasses
import math
import pprint

import numpy as np
import pytest

import tinyae as tae
from tinyae.linear import pca as pca_module

KEYS = [f"{end}{name}" for end in ("", "val_") for name in ("loss", "reconstruction", "penalty")]
KEYS += ["seconds"]


def samples():
    return np.random.default_rng(0).random((30, 8))


def model(epochs=0):
    penalty = tae.L1(0.1)
    ae = tae.Autoencoder([tae.Dense(2, "tanh", activity_regularizer=penalty)], [tae.Dense(8)])
    if epochs:
        ae.fit(samples(), epochs=epochs, validation_data=samples(), verbose=0)
    return ae


def built(chain):
    chain.build((8,))
    return chain


# What is shown, and in how many lines at most
SHOWN = {
    "a long history": (lambda: tae.History(dict.fromkeys(KEYS, [0.5] * 800)), 9),
    "a fit's history": (lambda: model().fit(samples(), epochs=20, verbose=0), 6),
    "no history": (tae.History, 1),
    "a model": (model, 3),
    "a built model": (lambda: built(model()), 6),
    "a trained model": (lambda: model(3), 6),
    "an encoder": (lambda: model(3).encoder, 5),
    "a chain": (lambda: tae.Sequential([tae.Dense(3), tae.Dense(2)]), 1),
    "a built chain": (lambda: built(tae.Sequential([tae.Dense(3), tae.Dense(2)])), 5),
    "a PCA": (lambda: tae.PCA(2), 1),
    "a fitted PCA": (lambda: tae.PCA().fit(samples()), 8),
}


@pytest.mark.parametrize("what", SHOWN)
def test_it_is_a_small_table(what):
    make, most = SHOWN[what]
    shown = repr(make())
    lines = shown.splitlines()
    assert len(lines) == most
    assert max(map(len, lines)) <= 80
    assert "[0." not in shown
    assert pprint.pformat(make()).splitlines()[0] == lines[0]


def test_a_history_shows_where_each_figure_began_ended_and_was_smallest():
    history = tae.History()
    for loss, validation in ((0.5, 3.0), (0.25, 1.0), (0.125, 2.0)):
        history.append({"loss": loss, "val_loss": validation})
    assert repr(history).splitlines() == [
        "History of 3 epochs",
        "           first    last  smallest  in epoch",
        "loss      0.5000  0.1250    0.1250         3",
        "val_loss   3.000   2.000     1.000         2",
    ]


def test_a_history_is_shown_whatever_stands_in_it():
    nan = math.nan
    history = tae.History(loss=[nan, 2.0, nan], a="text", b=[None], c=[], d=3, e=np.ones(2))
    assert repr(history).splitlines()[0] == "History of 3 epochs"
    assert [line.split() for line in repr(history).splitlines()[2:]] == [
        ["loss", "nan", "nan", "2.000", "2"]
    ]
    assert repr(tae.History(loss=[nan])).split()[-4:] == ["nan", "nan", "nan", "1"]


def test_a_model_shows_its_parts_and_how_far_it_is():
    ae = model()
    assert repr(ae).splitlines() == [
        "Autoencoder, loss MSE, optimizer Adam, after 0 epochs",
        "Dense(2, activation='tanh', activity_regularizer=L1(0.1))",
        "Dense(8, activation='linear')",
    ]
    ae.fit(samples(), epochs=3, verbose=0)
    assert repr(ae).splitlines() == [
        "Autoencoder, loss MSE, optimizer Adam, after 3 epochs",
        "layer                                     output shape  parameters",
        "encoder[0] Dense(2, activation='tanh')    (n, 2)                18",
        "    L1(0.1) on y",
        "decoder[0] Dense(8, activation='linear')  (n, 8)                24",
        "total                                                           42",
    ]


def test_a_pca_shows_its_first_components_and_computes_nothing_for_it(monkeypatch):
    x = np.diag([4.0, 2.0, 1.0]).repeat(2, axis=0) * np.array([[3.0], [-3.0]] * 3)
    lines = repr(tae.PCA(2).fit(x)).splitlines()
    assert lines == [
        "PCA(n_components=2), 6 samples of 3 features",
        "component  variance  share",
        "1             57.60  76.2%",
        "2             14.40  19.0%",
        "all kept      72.00  95.2%",
    ]
    pca = tae.PCA(2).partial_fit(x[:1]).partial_fit(x[1:2])  # too few to be solved on the way
    monkeypatch.setattr(pca_module, "decompose", None)
    assert repr(pca).splitlines() == ["PCA(n_components=2), 2 samples of 3 features"]


def test_a_trace_and_a_pca_have_all_where_it_is_all():
    report = tae.trace(model(), samples())
    rows = (report.rows[0]._replace(zeros=0.9999),)
    assert " >99% " in str(dataclasses.replace(report, rows=rows))
    x = np.diag([100.0, 1.0, 1.0]).repeat(2, axis=0) * np.array([[1.0], [-1.0]] * 3)
    assert [line.split()[-1] for line in repr(tae.PCA(2).fit(x)).splitlines()[2:]] == [
        ">99.9%",
        "<0.1%",
        ">99.9%",
    ]


REFUSED = {
    "encoder": lambda ae: tae.Autoencoder(ae, [tae.Dense(8)]),
    "layers": lambda ae: tae.Sequential([ae]),
    "callbacks": lambda ae: ae.fit(samples(), callbacks=ae),
    "check_gradients": lambda ae: tae.check_gradients(ae.encoder, samples()),
    "trace": lambda ae: tae.trace(ae.encoder, samples()[0]),
    "compare_with_pca": lambda ae: tae.compare_with_pca(ae.encoder, samples()),
}


@pytest.mark.parametrize("call", REFUSED)
def test_a_message_about_a_model_is_one_line(call):
    with pytest.raises(ValueError, match=r"but got (Autoencoder|Sequential)") as caught:
        REFUSED[call](model(1))
    assert "\n" not in str(caught.value)


def test_a_summary_says_what_else_holds_for_a_layer(capsys):
    given = {"activity_regularizer": tae.L1(0.5), "kernel_regularizer": tae.L2(0.25)}
    first = tae.Dense(3, **given, kernel_constraint=tae.UnitNorm(axis=(0, 1)))
    tae.Autoencoder([first], [tae.Dense(6)], (6,)).summary()
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "    L1(0.5) on y, L2(0.25) on W, UnitNorm(axis=(0, 1)) on W"
    assert len(lines) == 5


FAMILY = {
    "encoder[0] GaussianNoise(0.3, clip=(0, 1))": tae.GaussianNoise(0.3, clip=(0, 1)),
    "encoder[0] SaltAndPepper(0.2, low=0, high=1)": tae.SaltAndPepper(0.2),
    "encoder[0] Masking(0.5)": tae.Masking(0.5),
    "encoder[2] TopK(3)": tae.TopK(3),
    "encoder[2] Contractive(0.1)": tae.Contractive(0.1),
    "encoder[2] Variational(beta=1, free_bits=0.25)": tae.Variational(free_bits=0.25),
}


@pytest.mark.parametrize("line", FAMILY)
def test_each_layers_own_settings_are_seen(line, capsys):
    first = [FAMILY[line]] if "encoder[0]" in line else [tae.Activation("linear")]
    last = [FAMILY[line]] if "encoder[2]" in line else []
    first = [tae.Flatten()] if "Contractive" in line else first
    ae = tae.Autoencoder([*first, tae.Dense(4), *last], [tae.Dense(8)], (8,))
    ae.summary()
    summary = capsys.readouterr().out
    assert any(each.startswith(f"{line}  ") for each in summary.splitlines())
    assert summary.strip() in repr(ae)


def test_a_tied_layer_says_to_which_one(capsys):
    first = tae.Dense(4, "tanh", use_bias=False)
    ae = tae.Autoencoder([first], [tae.Tied(first, "sigmoid", use_bias=False)], (8,))
    ae.summary()
    assert capsys.readouterr().out.splitlines()[1:5] == [
        "encoder[0] Dense(4, activation='tanh', use_bias=False)  (n, 4)                32",
        "decoder[0] Tied                                         (n, 8)                 0",
        "    encoder[0] Dense, activation='sigmoid', use_bias=False",
        "total                                                                         32",
    ]


def test_a_layer_of_ones_own_keeps_its_settings_in_lines_of_the_table(capsys):
    class Own(tae.Layer):
        def __init__(self, table, *rest):
            super().__init__()
            self.table, self.rest = table, rest

        def forward(self, x, training=False, step=0, first=0):
            return x, None

    tae.Autoencoder([Own(np.eye(2), 3)], [tae.Dense(8)], (8,)).summary()
    assert (
        capsys.readouterr()
        .out.splitlines()[1]
        .startswith("encoder[0] Own(array([[1., 0.], [0., 1.]]), (3,))  (n, 8) ")
    )


def test_settings_that_have_no_room_stand_below(capsys):
    schedule = tae.CosineDecay(1.0, 1000, alpha=0.25, warmup_steps=100)
    layers = [tae.Dense(4), tae.Variational(schedule, activity_regularizer=tae.L2(0.1))]
    tae.Autoencoder(layers, [tae.Dense(8)], (8,)).summary()
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[2].startswith("encoder[1] Variational  ")
    below = " ".join(line.strip() for line in lines[3:5])
    assert below == f"beta={schedule!r}, free_bits=0, L2(0.1) on y"
