"""``python -m tinyae``: its commands, what they print and write, and their exit codes."""

import contextlib
import gzip
import json
import os
import pty
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

import tinyae as tae
from tests.support.shell import fails, samples, saved_model
from tinyae.cli import commands


def idx(array):
    """The bytes of an IDX file of uint8."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


# train and info


def test_train_saves_a_model_that_python_would_have_trained(run):
    x = samples()
    np.save("x.npy", x)
    code, out, err = run(
        *("train", "x.npy", "--encoder", "5-3-2", "--activation", "tanh", "--epochs", 3),
        *("--batch-size", 10, "--learning-rate", 0.01, "--seed", 4, "--validation", 0.25),
        *("--save", "out"),
    )
    assert (code, err) == (0, "")
    model = tae.Autoencoder(
        [tae.Dense(5, "tanh"), tae.Dense(3, "tanh"), tae.Dense(2)],
        [tae.Dense(3, "tanh"), tae.Dense(5, "tanh"), tae.Dense(6)],
        optimizer=tae.Adam(0.01),
        seed=4,
    )
    history = model.fit(x[:45], epochs=3, batch_size=10, validation_data=x[45:], verbose=0)
    loaded = tae.load("out")
    np.testing.assert_array_equal(loaded.parameters, model.parameters)
    assert loaded.history["val_loss"] == history["val_loss"]
    figures = f"loss {history['loss'][-1]:.5g}, val_loss {history['val_loss'][-1]:.5g}"
    assert out == f"out: {model.parameters.size} parameters, {figures}\n"
    code, out, _ = run("info", "out")
    assert code == 0
    assert "encoder[1] Dense(3, activation='tanh')    (n, 3)" in out
    assert "total" in out
    assert "trained for 3 epochs, 15 steps" in out
    assert "seed 4" in out
    for name, figures in loaded.history.items():
        assert f"last {name} {figures[-1]:.5g}\n" in out
    assert f"{loaded.history['loss'][0]:.5g}\n" not in out


def test_a_column_that_would_hide_all_others_is_told(run):
    """And no other data are told anything."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    x[0] = 0
    cases = {
        "wide": (
            x * [1, 4000, 1],
            "line 2, column 'b': the column's standard deviation is 3.*1.11",
        ),
        "far": (x[:, ::-1] * 20, "line 2, column '.': the column's standard deviation is 2"),
        "small": (x * [1e-3, 1, 1e-3], "column 'b': .*, all others' 0.001"),
        "alike": (x * [1, 5, 1], None),
        "constant": (x * 0, None),
        "one": (x[:, :1] * 300, "column 'a': the column's standard deviation is 3[0-9]+; training"),
    }
    for name, (data, told) in cases.items():
        with open(f"{name}.csv", "w") as file:
            file.write(",".join("abc"[: data.shape[1]]) + "\n")
            np.savetxt(file, data, delimiter=",")
        code, out, _ = run("train", f"{name}.csv", "--encoder", 2, "--epochs", 1, "--save", "m")
        assert code == 0
        hint, _, _ = " ".join(out.split()).rpartition("m: ")
        assert bool(hint) == (told is not None), out
        assert told is None or re.search(f"^{name}.csv, .*{told}", hint), out
    options = ("--encoder", 2, "--epochs", 1, "--save", "m")
    np.save("x.npy", x * [300, 1, 300])
    assert run("train", "x.npy", *options, "--columns", "2,3")[1].startswith("x.npy[0, 2]: the col")
    np.save("x.npy", (x * [1, 300, 1]).reshape(50, 3, 1))
    assert run("train", "x.npy", *options)[1].startswith("x.npy[0, 1, 0]: the column's")


def test_train_with_bce_and_images(run):
    images = np.random.default_rng(0).integers(0, 256, (40, 4, 5), dtype=np.uint8)
    for name, data in (("images", idx(images)), ("images.gz", gzip.compress(idx(images)))):
        with open(name, "wb") as file:
            file.write(data)
        options = ("--encoder", 2, "--loss", "bce", "--epochs", 1)
        assert run("train", name, *options, "--save", "m.npz")[0] == 0
    model = tae.load("m.npz")
    assert model.decoder.layers[-1].activation == "sigmoid"
    assert model.input_shape == (20,)
    assert run("reconstruct", "m.npz", "images", "y.npy")[0] == 0
    assert model.encoder.layers[0].scale == 1 / 255
    pixels = images.reshape(40, 20)
    np.testing.assert_array_equal(np.load("y.npy"), model.reconstruct(pixels))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--encoder", "3", "--save", "none/m"), "no folder none to save"),
        (("--encoder", "3", "--save", "m", "--loss", "bce"), r"x.npy\[0, 0\]: 3.18.* as bce needs"),
        (("--encoder", "3", "--save", "m", "--key", "a"), "is no .npz"),
        (
            ("--encoder", "3", "--save", "m", "--activation", "soft"),
            "must be one of elu, leaky_relu",
        ),
        (("--encoder", "3", "--save", "m", "--learning-rate", "1e300"), "overflowed in epoch 1"),
    ],
)
def test_train_says_what_is_wrong(run, arguments, message):
    np.save("x.npy", 5 * samples())
    fails(run("train", "x.npy", *arguments), message)
    assert os.listdir() == ["x.npy"]


WHOLE = "must be a whole number of at least"
COLUMNS = "must be columns, by name or number, such as a,b or 1,2"


@pytest.mark.parametrize("bad", ["", "x", "2.5", "-1", "nan", "1e3", " ", "3-", "3-0", "-3", "3,2"])
@pytest.mark.parametrize(
    ("command", "option", "form"),
    [
        ("train", "--encoder", "must be whole numbers of at least 1 .* such as 500-300-2"),
        ("train", "--epochs", f"{WHOLE} 1"),
        ("train", "--batch-size", f"{WHOLE} 1"),
        ("train", "--learning-rate", "must be a number above 0"),
        ("train", "--seed", f"{WHOLE} 0"),
        ("train", "--validation", "must be a number from 0 to below 1"),
        ("check", "--samples", f"{WHOLE} 1"),
        ("demo", "--epochs", f"{WHOLE} 1"),
        ("demo", "--seed", f"{WHOLE} 0"),
    ],
)
def test_a_refused_option_names_the_form_expected(run, command, option, form, bad):
    if option == "--learning-rate" and bad in ("2.5", "1e3"):
        return
    code, out, said = run(command, f"{option}={bad}")
    assert (code, out) == (2, "")
    last = said.splitlines()[-1]
    assert re.search(f"argument {option}: {form}, but got {re.escape(repr(bad))}$", last), last


@pytest.mark.parametrize("option", ["--columns", "--drop"])
@pytest.mark.parametrize("bad", ["", " ", ",", "a,,b", "a,", '"a', "a\nb", '"a"b'])
def test_columns_are_names_or_numbers(run, option, bad):
    said = run("train", "x.csv", f"{option}={bad}")[2].splitlines()[-1]
    assert said.endswith(f"argument {option}: {COLUMNS}, but got {bad!r}")


def test_paths_are_not_empty(run):
    for arguments in (("info", ""), ("encode", "m", "", "z"), ("encode", "m", "x", "")):
        assert run(*arguments)[2].splitlines()[-1].endswith("must be a path, but got ''")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nothing",),
        ("train",),
        ("train", "x.npy"),
        ("train", "x.npy", "--save", "m", "--encoder", "3-x"),
        ("train", "x.npy", "--save", "m", "--encoder", "3-0"),
        ("train", "x.npy", "--save", "m", "--encoder", "3", "--epochs", "0"),
        ("train", "x.npy", "--save", "m", "--encoder", "3", "--seed", "-1"),
        ("train", "x.npy", "--save", "m", "--encoder", "3", "--validation", "1"),
        ("encode", "m", "x.npy"),
        ("demo", "--data", "other"),
        ("encode", "m", "x.csv", "z.csv", "--drop", "a", "--columns", "b"),
    ],
)
def test_misuse_ends_with_2(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "usage: python -m tinyae" in err


def test_the_version(run):
    assert run("--version") == (0, f"tinyae {tae.__version__}\n", "")


@pytest.mark.parametrize(
    "command",
    [
        *("", "demo", "explore", "exercises", "warm", "info", "train"),
        *("encode", "decode", "reconstruct", "check"),
    ],
)
def test_help_suffices(run, command):
    code, out, _ = run(*command.split(), "--help")
    assert code == 0
    assert "None" not in out
    assert "SUPPRESS" not in out
    if command in ("train", "encode", "decode", "reconstruct", "check"):
        assert ".npy, .npz, .csv" in out
        assert "divided by 255" in " ".join(out.split())


def test_info_of_each_kind_of_file(run):
    model = saved_model(seed=9)
    model.encoder.save("encoder.npz")
    tae.PCA(2).fit(samples()).save("pca.npz")
    assert "seed 9" in run("info", "model.npz")[1]
    code, out, _ = run("info", "encoder.npz")
    assert (code, "Dense(2, activation='linear'): output (2,), 10 parameters" in out) == (0, True)
    code, out, _ = run("info", "pca.npz")
    assert (code, "PCA of 6 features, fitted to 60" in out) == (0, True)
    np.save("other.npy", samples())
    fails(run("info", "other.npy"), "other.npy cannot be loaded: it is not a file of tinyae's")
    fails(run("info", "none"), "none: there is no such file")


# encode, decode, reconstruct


def test_encode_decode_and_reconstruct(run):
    model, x = saved_model(), samples()
    np.save("x.npy", x)
    code, out, err = run("encode", "model.npz", "x.npy", "z.npy")
    assert (code, out, err) == (0, "z.npy: float32, shape (60, 2)\n", "")
    assert run("decode", "model.npz", "z.npy", "y.npy")[0] == 0
    assert run("reconstruct", "model.npz", "x.npy", "r.npy")[0] == 0
    np.testing.assert_array_equal(np.load("z.npy"), model.encode(x))
    np.testing.assert_array_equal(np.load("y.npy"), model.reconstruct(x))
    np.testing.assert_array_equal(np.load("r.npy"), model.reconstruct(x))


def test_parts_and_pca(run):
    model, x = saved_model(), samples()
    model.encoder.save("encoder.npz")
    pca = tae.PCA(2).fit(x)
    pca.save("pca.npz")
    np.save("x.npy", x)
    assert run("encode", "encoder.npz", "x.npy", "z.npy")[0] == 0
    np.testing.assert_array_equal(np.load("z.npy"), model.encode(x))
    fails(run("reconstruct", "encoder.npz", "x.npy", "z.npy"), "half an autoencoder")
    assert run("encode", "pca.npz", "x.npy", "z.npy")[0] == 0
    assert run("decode", "pca.npz", "z.npy", "y.npy")[0] == 0
    np.testing.assert_array_equal(np.load("y.npy"), pca.reconstruct(x))


# check


def test_check_passes_and_fails(run, monkeypatch):
    saved_model()
    np.save("x.npy", samples())
    code, out, err = run("check", "model.npz", "x.npy", "--samples", 4)
    assert (code, err) == (0, "")
    assert "passed, kinks: 0" in out
    assert "4x6" in out  # the input's shape: four samples
    tae.PCA(1).fit(samples()).save("pca.npz")
    fails(run("check", "pca.npz", "x.npy"), "holds no autoencoder")
    right = tae.Activation.backward
    monkeypatch.setattr(tae.Activation, "backward", lambda *given: 1.01 * right(*given))
    tae.Autoencoder([tae.Activation("tanh")], [tae.Dense(6)], input_shape=(6,)).save("bad.npz")
    code, out, err = run("check", "bad.npz", "x.npy")
    assert code == 1
    assert "failed" in out
    assert err == "tinyae: the gradient check of bad.npz: failed\n"


def test_check_takes_the_first_samples(run, monkeypatch):
    x = samples()
    saved_model()
    np.save("x.npy", x)
    seen, right = [], commands.check_gradients
    monkeypatch.setattr(commands, "check_gradients", lambda ae, x: seen.append(x) or right(ae, x))
    for count in (4, 60, 100):
        assert run("check", "model.npz", "x.npy", "--samples", count)[0] == 0
        np.testing.assert_array_equal(seen.pop(), x[:count])
    assert run("check", "model.npz", "x.npy")[0] == 0
    np.testing.assert_array_equal(seen.pop(), x[:8])


# In a process of its own


def start(*arguments, **options):
    command = [sys.executable, "-m", "tinyae", *map(str, arguments)]
    return subprocess.Popen(command, text=True, stderr=subprocess.PIPE, **options)


@contextlib.contextmanager
def on_a_terminal(*arguments):
    """The process, and what reads a piece of what it shows."""
    ours, theirs = pty.openpty()
    try:
        with start(*arguments, stdout=theirs) as process:
            yield process, lambda: os.read(ours, 10_000).decode()
    finally:
        os.close(theirs)
        os.close(ours)


def test_nothing_is_shown_when_piped():
    np.save("x.npy", samples())
    process = start("train", "x.npy", "--encoder", 2, "--save", "m", stdout=subprocess.PIPE)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert re.fullmatch(r"m: 32 parameters, loss [\d.e-]+\n", out)


@pytest.mark.large
def test_progress_is_shown_on_a_terminal():
    np.save("x.npy", samples(20_000))
    with on_a_terminal("train", "x.npy", "--encoder", "9-2", "--save", "m") as (process, read):
        out = ""
        while "m: " not in out:
            out += read()
        assert process.wait() == 0
    assert "\repoch" in out
    assert "epoch 10/10" in out


@pytest.mark.large
def test_ctrl_c_ends_with_130():
    np.save("x.npy", samples(5_000))
    options = ("--encoder", "50-2", "--epochs", 1_000_000, "--save", "m")
    with on_a_terminal("train", "x.npy", *options) as (process, read):
        while "epoch" not in read():
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "\ninterrupted\n")
    assert os.listdir() == ["x.npy"]


# demo


@pytest.mark.large
def test_the_demo(run):
    code, out, err = run("demo", "--epochs", 1, "--seed", 3, "--out", "pictures")
    assert (code, err) == (0, "")
    assert "1,793 training and 300 test images of the digits 1, 5 and 6" in out
    assert "test error    variance explained" in out
    table = re.findall(r"^(PCA, 2 components|autoencoder) +(0\.\d{5}) +(-?\d+\.\d)%$", out, re.M)
    assert [name for name, _, _ in table] == ["PCA, 2 components", "autoencoder"]
    files = sorted(os.listdir("pictures"))
    with open("pictures/figures.json", encoding="utf-8") as file:
        record = json.load(file)
    assert (record["epochs"], record["seed"], record["digits"]) == (1, 3, [1, 5, 6])
    for name, error, _ in table:
        assert float(error) == pytest.approx(record["figures"][name]["test_error"], abs=1e-5)
    pictures = [name for name in files if name.endswith(".png")]
    assert {"history.png", "latent.png", "manifold.png", "reconstructions.png"} <= {*pictures}
    for name in pictures:
        with open(f"pictures/{name}", "rb") as file:
            assert file.read(4) == b"\x89PNG"
        assert name in out
    assert {*files} == {"figures.json", "page.html", *pictures}
    assert "Open pictures/page.html in a browser" in out
    assert os.path.getsize("pictures/page.html") < 2_000_000


def test_the_demos_errors(run, monkeypatch):
    with open("file", "w") as file:
        file.write("in the way")
    fails(run("demo", "--epochs", 1, "--out", "file"), "file: file exists")
    monkeypatch.setenv("TINYAE_DATA", os.path.abspath("none"))
    fails(run("demo", "--data", "mnist"), "neither train-images.*TINYAE_DATA")


def test_ctrl_c_in_the_demo(run, monkeypatch):
    from tinyae.cli import demo

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", interrupt)
    assert run("demo") == (130, "", "\ninterrupted\n")


def test_of_a_pca_the_first_components_are_told(run):
    for count, lines in ((3, 4), (6, 7), (9, 8)):
        tae.PCA(count).fit(np.random.default_rng(0).normal(size=(40, 9))).save("pca.npz")
        code, told, _ = run("info", "pca.npz")
        assert (code, len(told.splitlines())) == (0, lines)
    assert told.splitlines()[-1] == "and 3 more; all 9: 100.0%"
