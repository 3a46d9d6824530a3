"""Files that commands write: as their names say, readable again, and in nobody's place."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tests.support.shell import fails, samples, saved_model
from tinyae.cli.results import write_result
from tinyae.datasets.samples import read_samples

FORMS = (".npy", ".npz", ".csv", ".tsv", ".NPY", ".Csv")


@given(
    arrays(
        st.sampled_from([np.float32, np.float64]),
        array_shapes(min_dims=2, max_dims=4, max_side=4),
        elements={"allow_nan": False, "allow_infinity": False},
    ),
    st.sampled_from(FORMS),
    st.sampled_from([None, "a", "0", "", 'a, "b"\n;c', "nan"]),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_back(tmp_path, array, form, name):
    path = tmp_path / f"z{form}"
    columns = array[0].size
    write_result(path, "codes", array, None if name is None else [name] * columns)
    found = read_samples(path)
    if form.lower() in (".csv", ".tsv"):
        array = array.reshape(len(array), -1)
        assert (found.names is None) == (name is None)
    np.testing.assert_array_equal(found.x.astype(array.dtype), array)


@pytest.mark.parametrize("form", FORMS)
def test_results_are_written_as_their_name_says(run, form):
    model, x = saved_model(), samples()
    np.save("x.npy", x)
    assert run("encode", "model.npz", "x.npy", f"z{form}")[0] == 0
    assert run("decode", "model.npz", f"z{form}", f"y{form}")[0] == 0
    y = read_samples(Path(f"y{form}")).x
    np.testing.assert_array_equal(y.astype("f4"), model.reconstruct(x))
    if form in (".npy", ".NPY"):
        np.testing.assert_array_equal(np.load(f"z{form}"), model.encode(x))
    elif form == ".npz":
        assert np.load("z.npz").files == ["codes"]
        assert np.load("y.npz").files == ["outputs"]
    else:
        separator = "\t" if form == ".tsv" else ","
        np.testing.assert_array_equal(
            np.loadtxt(f"z{form}", np.float32, delimiter=separator), model.encode(x)
        )


def test_a_line_of_names_where_the_data_had_one(run):
    saved_model()
    x = np.column_stack([np.arange(60), samples()])
    np.savetxt("x.csv", x, delimiter=";", header="id;b;c;d;e;f;g", comments="")
    for command, data, out, names in (
        ("encode", "x.csv", "z.csv", "code_1,code_2"),
        ("reconstruct", "x.csv", "r.tsv", "b\tc\td\te\tf\tg"),
        ("decode", "z.csv", "y.csv", ",".join(f"output_{i}" for i in range(1, 7))),
    ):
        drop = ["--drop", "id"] * (data == "x.csv")
        assert run(command, "model.npz", data, out, *drop)[0] == 0
        with open(out) as file:
            lines = file.read().splitlines()
        assert lines[0] == names
        assert len(lines) == 61


@pytest.mark.parametrize("name", ["z", "z.txt", "z.json", "z.npz.gz", "npy", ".csv"])
def test_other_names_are_refused_before_anything_is_read(run, name):
    fails(run("encode", "none.npz", "none.npy", name), r"its name must end in .npy, .npz, .csv or")
    assert os.listdir() == []


def test_a_model_is_not_written_under_the_name_of_data(run):
    np.save("x.npy", samples())
    for name in ("m.csv", "m.tsv", "m.npy", "m.CSV"):
        fails(run("train", "x.npy", "--encoder", 2, "--save", name), "a model's name ends in .npz")
    assert os.listdir() == ["x.npy"]


# Nothing that a command reads is overwritten


def spellings(name):
    """Paths that lead to the file."""
    os.symlink(name, "link.npz")
    os.symlink("link.npz", "longer.npz")
    os.link(name, "hard.npz")
    os.mkdir("folder")
    os.symlink(os.getcwd(), "here")
    yield from (name, f"./{name}", f"folder/../{name}", os.path.abspath(name), f"here/{name}")
    yield from ("link.npz", "longer.npz", "hard.npz")


@pytest.mark.parametrize("what", ["model", "data"])
def test_what_is_read_is_not_overwritten(run, what):
    saved_model()
    np.savez("data.npz", x=samples())
    before = {name: Path(name).read_bytes() for name in ("model.npz", "data.npz")}
    message = f"is the {what}, which would be overwritten"
    for out in spellings(f"{what}.npz"):
        for command in ("encode", "decode", "reconstruct"):
            fails(run(command, "model.npz", "data.npz", out), message)
        if what == "data":
            fails(run("train", "data.npz", "--encoder", 2, "--save", out), message)
    assert before == {name: Path(name).read_bytes() for name in before}


def test_other_capitals_are_the_same_file_where_the_disk_says_so(run, monkeypatch):
    saved_model()
    monkeypatch.setattr("pathlib.Path.exists", lambda path: True)
    monkeypatch.setattr("pathlib.Path.is_file", lambda path: True)
    same = lambda a, b: str(a).lower() == str(b).lower()  # noqa: E731
    monkeypatch.setattr("pathlib.Path.samefile", same)
    fails(run("encode", "model.npz", "x.npy", "MODEL.NPZ"), "MODEL.NPZ is the model")
    fails(run("train", "x.npz", "--encoder", 2, "--save", "X.npz"), "X.npz is the data")


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("none/z.npz", "there is no folder none"),
        ("folder.npz", "folder.npz is not a plain file"),
        ("pipe.npz", "pipe.npz is not a plain file"),
        ("away.npz", "there is no folder"),
        ("closed/z.npz", "the folder closed may not be written into"),
    ],
)
def test_places_are_looked_at_before_the_work(run, monkeypatch, out, message):
    os.mkdir("folder.npz")
    os.mkfifo("pipe.npz")
    os.symlink("none/z.npz", "away.npz")
    os.mkdir("closed")
    right = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: path.name != "closed" and right(path, mode)
    )
    fails(run("encode", "none", "none.npy", out), message)
    fails(run("train", "none.npy", "--encoder", 2, "--save", out), message)


# Errors


def test_errors_are_wrapped_for_readers_and_whole_for_programs(run, monkeypatch):
    name = "a_long_name " * 8 + ".csv"
    with open(name, "w") as file:
        file.write("1,2\n1,x\n")
    expected = f"tinyae: {name}, line 2, column 2: 'x' is not a number"
    command = ("train", name, "--encoder", "2", "--save", "m")
    assert run(*command) == (1, "", f"{expected}\n")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, _, error = run(*command)
    assert " ".join(error.split()) == expected
    assert max(map(len, error.splitlines())) <= 80
