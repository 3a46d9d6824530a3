"""Where it writes: narrow terminals, plain ones, other alphabets, and the decimal comma."""

import os
import pathlib
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import tinyae as tae
from tinyae.cli.parser import main

COMMANDS = [
    "",
    "demo",
    "explore",
    "exercises",
    "warm",
    "info",
    "train",
    "encode",
    "decode",
    "reconstruct",
    "check",
]


class ALayerWithANameThatIsMuchLongerThanAnyOfTheColumnsThatItsTableHasRoomForInATerminal(
    tae.Activation
):
    """One that nobody has thought of."""


@pytest.fixture
def columns(request, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(request.param))
    return request.param


def in_columns(*numbers):
    return pytest.mark.parametrize("columns", numbers, indirect=True)


def widest(text):
    return max(map(len, text.splitlines()))


def model(*layers, **options):
    convolution = {"padding": "same", "activation": "leaky_relu"}
    return tae.Autoencoder(
        [*layers, tae.Conv2D(9, 3, strides=2, **convolution), tae.Flatten(), tae.Dense(3)],
        [
            tae.Dense(49),
            tae.Reshape((7, 7, 1)),
            tae.Conv2DTranspose(1, 7, strides=2, **convolution),
        ],
        input_shape=(14, 14, 1),
        optimizer=tae.Adam(0.000123456),
        **options,
    )


@pytest.mark.parametrize("command", COMMANDS)
@in_columns(80)
def test_help_fits(command, columns, capsys):
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    assert widest(capsys.readouterr().out) <= columns


@pytest.mark.large
@in_columns(80)
def test_tables_fit(columns, capsys, tmp_path):
    name = ALayerWithANameThatIsMuchLongerThanAnyOfTheColumnsThatItsTableHasRoomForInATerminal
    model(name("tanh")).summary()
    assert widest(capsys.readouterr().out) == columns
    model().save(tmp_path / "model")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((2, 14, 14, 1)))
    main(["check", str(tmp_path / "model"), str(tmp_path / "x.npy")])
    assert widest(capsys.readouterr().out) <= columns


@in_columns(80, 40)
def test_info_fits(columns, capsys, tmp_path):
    path = str(tmp_path / "model")
    model().save(path)
    assert main(["info", path]) == 0
    table, loss, rest = capsys.readouterr().out.partition("loss ")
    assert widest(table) <= 80
    assert widest(loss + rest) <= columns
    words = "MSE(), optimizer Adam(learning_rate=0.000123456, beta_1=0.9, beta_2=0.999, epsilon"
    assert words in " ".join(rest.split())
    model().encoder.save(path)
    assert main(["info", path]) == 0
    out = capsys.readouterr().out
    assert widest(out) <= columns
    assert "strides=(2, 2), padding='same', activation='leaky_relu')" in " ".join(out.split())


def run(code, tmp_path, *options, **environment):
    path = os.path.dirname(tae.__path__[0])
    variables = {**os.environ, "PYTHONPATH": path, **environment}
    command = [sys.executable, "-W", "error", *options, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, env=variables, capture_output=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def test_a_terminal_without_colours_or_size_is_written_to_plainly(tmp_path):
    pty = pytest.importorskip("pty")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((50, 6)))
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "40"}
    environment["PYTHONPATH"] = os.path.dirname(tae.__path__[0])
    command = [sys.executable, "-m", "tinyae", "train", "x.npy", "--encoder", "2", "--save", "m"]
    with subprocess.Popen(command, stdout=theirs, env=environment, cwd=tmp_path) as process:
        os.close(theirs)
        text = b""
        while b"m: " not in text:
            text += os.read(ours, 10_000)
    os.close(ours)
    assert process.returncode == 0
    assert b"\x1b" not in text
    progress = text.decode().split("m: ")[0]
    assert max(len(line) for line in progress.replace("\n", "\r").split("\r")) < 40


def test_what_a_terminal_cannot_show_is_no_error(tmp_path):
    command = [sys.executable, "-m", "tinyae", "explore", "--help"]
    path = os.path.dirname(tae.__path__[0])
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, cwd=tmp_path, check=True)
    assert b"28 ? 28" in b" ".join(done.stdout.split())


SESSION = """
import locale
from pathlib import Path
import tinyae as tae
from tinyae.cli.parser import main
locale.setlocale(locale.LC_ALL, "")
decimal_point = locale.localeconv()["decimal_point"]
assert decimal_point == EXPECTED, decimal_point
main("train x.csv --encoder 3-2 --loss bce --learning-rate 0.01 --validation 0.5 --save m".split())
main(["info", "m"])
main(["encode", "m", "x.csv", "z.npy"])
model = tae.load("m")
model.export_numpy("exported")
print(Path("exported/autoencoder.py").read_text(), Path("z.npy").read_bytes())
"""


def test_a_decimal_comma_changes_nothing(tmp_path):
    if not (shutil.which("localedef") and pathlib.Path("/usr/share/i18n/locales/de_DE").exists()):
        pytest.skip("needs localedef and the sources of locales")
    compiled = tmp_path / "locales" / "de_DE.UTF-8"
    compiled.parent.mkdir()
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", compiled], check=True)
    results = []
    for name, decimal_point in (("C.UTF-8", "."), ("de_DE.UTF-8", ",")):
        folder = tmp_path / name
        folder.mkdir()
        np.savetxt(folder / "x.csv", np.random.default_rng(0).random((20, 6)), delimiter=",")
        environment = {"LC_ALL": name, "LOCPATH": str(compiled.parent)}
        code = SESSION.replace("EXPECTED", repr(decimal_point))
        results.append(run(code, folder, **environment).splitlines())
    plain, comma = results
    same = [line for line in plain if not line.startswith(b"last seconds")]
    assert same == [line for line in comma if not line.startswith(b"last seconds")]
    assert len(same) > 30
