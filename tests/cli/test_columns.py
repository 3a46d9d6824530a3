"""The columns of a table that a model was trained on: kept in its file, and found again."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.shell import fails, samples

x = samples(n=20, features=3)
ONE = ("--encoder", 2, "--epochs", 1)


def table(name, columns, header=True):
    """A file of these columns; of the word "w" where there is none of the name."""
    kept = [[str(x[i, "abc".index(c)]) if c in "abc" else "w" for c in columns] for i in range(20)]
    rows = [[*columns], *kept] if header else kept
    with open(name, "w") as file:
        file.writelines(",".join(row) + "\n" for row in rows)


def codes(run, model, data, *options):
    assert run("encode", model, data, "z.npy", *options)[0] == 0
    return np.load("z.npy")


@pytest.fixture
def trained(run):
    """A model of the columns a, b, c of a file that has a label, too."""
    table("data.csv", ["label", "a", "b", "c"])
    assert run("train", "data.csv", "--drop", "label", *ONE, "--save", "m.npz")[0] == 0
    return tae.load("m.npz")


def test_the_file_it_was_trained_on_is_encoded_as_it_is(run, trained):
    assert trained.columns == ("a", "b", "c") == trained.copy().columns
    np.testing.assert_array_equal(codes(run, "m.npz", "data.csv"), trained.encode(x))
    assert run("check", "m.npz", "data.csv")[0] == 0
    assert "columns a, b, c\n" in run("info", "m.npz")[1]
    detector = tae.AnomalyDetector(trained).fit(x)
    detector.save("d.npz")
    np.testing.assert_array_equal(codes(run, "d.npz", "data.csv"), trained.encode(x))


def test_another_order_is_put_right_by_name_and_refused_where_it_is_asked_for(run, trained):
    table("other.csv", ["c", "more", "b", "a"])
    np.testing.assert_array_equal(codes(run, "m.npz", "other.csv"), trained.encode(x))
    asked = ("encode", "m.npz", "data.csv", "z.npy", "--columns")
    fails(run(*asked, "c,b,a"), "trained on the columns a, b, c, in this order, but asked for is c")
    assert codes(run, "m.npz", "data.csv", "--columns", "a,b,c").shape == (20, 2)
    with open("named.csv", "w") as file:
        file.write("p,q,r\n1,2,3\n")
    fails(run("encode", "m.npz", "named.csv", "z.npy"), "no column 'a', but .* a, b, c; --columns")
    assert codes(run, "m.npz", "named.csv", "--columns", "p,q,r").shape == (1, 2)


def test_a_file_without_names_has_the_columns_alone(run, trained):
    table("plain.csv", ["a", "b", "c"], header=False)
    np.save("x.npy", x)
    for name in ("plain.csv", "x.npy"):
        np.testing.assert_array_equal(codes(run, "m.npz", name), trained.encode(x))
    table("wide.csv", ["label", "a", "b", "c"], header=False)
    fails(run("encode", "m.npz", "wide.csv", "z.npy"), "wide.csv has no names, but the model was")
    chosen = codes(run, "m.npz", "wide.csv", "--drop", 1)
    np.testing.assert_array_equal(chosen, trained.encode(x))


def test_decode_writes_their_names(run, trained):
    assert run("encode", "m.npz", "data.csv", "z.csv")[0] == 0
    for data in ("z.csv", "z.npy"):
        codes(run, "m.npz", "data.csv")
        assert run("decode", "m.npz", data, "out.csv")[0] == 0
        with open("out.csv") as file:
            assert file.readline() == "a,b,c\n"


def test_columns_that_have_no_names_are_known_by_number(run):
    table("data.csv", ["label", "a", "b", "c"], header=False)
    assert run("train", "data.csv", "--columns", "4,2", *ONE, "--save", "m.npz")[0] == 0
    model = tae.load("m.npz")
    assert model.columns == (4, 2)
    np.testing.assert_array_equal(codes(run, "m.npz", "data.csv"), model.encode(x[:, [2, 0]]))
    np.save("z.npy", np.zeros((2, 2)))
    assert run("decode", "m.npz", "z.npy", "out.csv")[0] == 0
    assert np.loadtxt("out.csv", delimiter=",").shape == (2, 2)
    np.save("wide.npy", np.column_stack([x, x]))
    assert run("train", "wide.npy", "--drop", "2", *ONE, "--save", "m.npz")[0] == 0
    found = codes(run, "m.npz", "wide.npy")
    model = tae.load("m.npz")
    np.testing.assert_array_equal(found, model.encode(np.column_stack([x, x])[:, [0, 2, 3, 4, 5]]))


@pytest.mark.parametrize(
    "header", ["a,a,b", "a,,b"], ids=["a name twice", "a column without a name"]
)
def test_names_that_do_not_tell_columns_apart_are_numbers(run, header):
    with open("data.csv", "w") as file:
        file.write(f"{header}\n" + "".join(",".join(map(str, row)) + "\n" for row in x))
    assert run("train", "data.csv", "--drop", "3", *ONE, "--save", "m.npz")[0] == 0
    model = tae.load("m.npz")
    assert model.columns == (1, 2)
    np.testing.assert_array_equal(codes(run, "m.npz", "data.csv"), model.encode(x[:, :2]))


@pytest.mark.parametrize("value", ["abc", (), ("a", 1), ("a", "a"), ("",), (0, 1), (True,), 3])
def test_what_names_no_columns_is_refused(value):
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(3)], (3,))
    with pytest.raises(ValueError, match="columns must be None, or names of columns or their num"):
        ae.columns = value
    assert ae.columns is None
