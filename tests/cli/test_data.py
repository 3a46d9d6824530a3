"""Files that commands read: every form gives the same, and what cannot be used is refused."""

import os
from pathlib import Path

import numpy as np
import pytest

import tinyae as tae
from tests.support.shell import fails, samples, saved_model


def test_every_form_of_data(run):
    model, x = saved_model(), samples()
    np.save("x.npy", x)
    np.savez("one.npz", x=x)
    np.savez("two.npz", a=x[:1], b=x)
    np.savetxt("plain.csv", x, delimiter=",")
    np.savetxt("tabs.tsv", x, delimiter="\t")
    np.savetxt("names.csv", x, delimiter=",", header="a,b,c,d,e,f", comments="")
    with open("bom.csv", "w", encoding="utf-8-sig") as file:
        file.write("a,b,c,d,e,f\r\n" + "".join(",".join(map(str, row)) + "\r\n" for row in x))
    labels = "".join(";".join(["word", *map(str, row)]).replace(".", ",") + "\n" for row in x)
    with open("labels.csv", "w", encoding="utf-8") as file:
        file.write("label;a;b;c;d;e;f\n" + labels)
    np.save("wide.npy", np.column_stack([x, x[:, :1]]))
    np.save("images.npy", x.reshape(60, 2, 3))
    for name, *options in (
        *(("x.npy",), ("one.npz",), ("two.npz", "--key", "b"), ("images.npy",)),
        *(("plain.csv",), ("tabs.tsv",), ("names.csv",), ("bom.csv",)),
        *(("labels.csv", "--drop", "label"), ("labels.csv", "--columns", "a,b,c,d,e,7")),
        *(("wide.npy", "--drop", 7), ("wide.npy", "--columns", "1,2,3,4,5,6")),
    ):
        assert run("encode", "model.npz", name, "z.npy", *options) == (
            *(0, "z.npy: float32, shape (60, 2)\n", ""),
        )
        np.testing.assert_array_equal(np.load("z.npy"), model.encode(x))


def test_files_of_one_row_and_of_one_column(run):
    model = tae.Autoencoder([tae.Dense(1)], [tae.Dense(1)], input_shape=(1,))
    model.save("m.npz")
    for text, values in (("0.5\n", [[0.5]]), ("a\n0.5\n0.25\n", [[0.5], [0.25]])):
        with open("x.csv", "w") as file:
            file.write(text)
        assert run("encode", "m.npz", "x.csv", "z.npy")[0] == 0
        np.testing.assert_array_equal(np.load("z.npy"), model.encode(np.array(values, "f4")))
        assert run("train", "x.csv", "--encoder", "1", "--epochs", 1, "--save", "t.npz")[0] == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.npy", b"nonsense", "x.npy is no file of NumPy's"),
        ("x.npy", b"", "x.npy is no file of NumPy's"),
        ("x.npz", b"PK\x03\x04 nonsense", "x.npz is damaged, or cut short"),
        ("x.npz", b"", "x.npz is no file of NumPy's"),
        ("x.csv", b"", "x.csv holds no rows of numbers"),
        ("x.csv", b"a,b\n", "x.csv holds no rows of numbers"),
        ("x.csv", b"1,2\n3,x\n", "x.csv, line 2, column 2: 'x' is not a number"),
        ("x.csv", b"a,b\n1,2\n3,x\n", "x.csv, line 3, column 'b': 'x' is not a number"),
        ("x.csv", b"1,2\n3\n", "x.csv, line 2: 1 cells, but line 1 has 2"),
        ("x.tsv", b"1\t2\n3\n", "x.tsv, line 2: 1 cells, but line 1 has 2"),
        ("x.csv", b"1,2\n\xff\xfe\x00", "x.csv, line 2: it is not text in UTF-8"),
        ("x", b"", "x is cut short"),
        ("x.png", b"\x89PNG\r\n", "x.png is not an IDX file"),
        ("labels", bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 6]), "should hold samples"),
        ("x.csv", b"1,2,3,4,5\n", r"x.csv has samples of shape \(5,\), but model.npz takes \(6,\)"),
        ("x.csv", b"1,2,3,4,5,6\n1,2,3,4,5,nan\n", "x.csv, line 2, column 6: nan is not finite"),
        ("x.csv", b"1,2,-inf,4,5,6\n", "x.csv, line 1, column 3: -inf is not finite"),
        ("x.csv", b"a,b,c,d,e,f\n1,2,1e99,4,5,6\n", "line 2, column 'c': 1e.99 is too large for f"),
    ],
)
def test_data_that_cannot_be_used(run, name, content, message):
    saved_model()
    with open(name, "wb") as file:
        file.write(content)
    fails(run("encode", "model.npz", name, "z.npy"), message)
    assert not os.path.exists("z.npy")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(6), r"x.npy should hold samples.*its shape is \(6,\)"),
        (np.ones((0, 6)), r"x.npy holds no samples: its shape is \(0, 6\)"),
        (np.array([["a"]]), "x.npy must hold real numbers, but holds text"),
        (np.array([[{}]], object), r"x.npy holds Python's objects: .*\.astype"),
        (np.full((3, 6), [*range(5), np.nan]), r"x.npy\[0, 5\]: nan is not finite"),
        (np.full((3, 6), 1e99), r"x.npy\[0, 0\]: 1e\+99 is too large for float32"),
        (np.where(np.arange(200_000) == 150_000, np.nan, 0)[:, None], r"x.npy\[150000, 0\]: nan"),
        (np.where(np.arange(12).reshape(2, 2, 3) == 9, np.inf, 0), r"x.npy\[1, 1, 0\]: inf is"),
    ],
)
def test_arrays_that_cannot_be_used(run, array, message):
    saved_model()
    np.save("x.npy", array)
    fails(run("encode", "model.npz", "x.npy", "z.npy"), message)


def test_a_damaged_file_of_numpys_is_named_in_our_words(run):
    saved_model()
    np.save("good.npy", samples())
    np.savez_compressed("good.npz", x=samples())
    npy, npz = Path("good.npy").read_bytes(), Path("good.npz").read_bytes()
    for name, content in (
        *(("x.npy", npy[:end]) for end in (7, 9, 60, 200, len(npy) - 1)),
        ("x.npy", npy[:6] + b"\x09" + npy[7:]),
        ("x.npy", npy[:10] + npy[10:].replace(b"'descr'", b"'crust'")),
        ("x.npy", npy.replace(b"(60, 6)", b"(99, 6)")),
        *(("x.npz", npz[:end]) for end in (4, 30, len(npz) - 30)),
        ("x.npz", npz[:100] + b"????" + npz[104:]),
    ):
        with open(name, "wb") as file:
            file.write(content)
        fails(
            run("encode", "model.npz", name, "z.npy"), f"^tinyae: {name} is damaged, or cut short$"
        )


def test_a_file_that_is_missing_or_a_folder_is_named_in_our_words(run):
    saved_model()
    os.mkdir("folder.npy")
    for name, data in (("none.npz", "x.npy"), ("model.npz", "none.npy"), ("model.npz", "none.csv")):
        missing = name if name == "none.npz" else data
        fails(run("encode", name, data, "z.npy"), f"^tinyae: {missing}: there is no such file$")
    fails(run("info", "none.npz"), "^tinyae: none.npz: there is no such file$")
    fails(run("encode", "model.npz", "folder.npy", "z.npy"), "^tinyae: folder.npy: it is a folder$")


def test_that_pixels_are_divided_is_told(run):
    model = saved_model()
    pixels = np.random.default_rng(0).integers(0, 256, (60, 6), np.uint8)
    np.save("x.npy", pixels)
    np.save("wide.npy", pixels.astype(np.int16))
    told = "x.npy: pixels of 8 bits, which are divided by 255\n"
    said = "z.npy: float32, shape (60, 2)\n"
    assert run("encode", "model.npz", "x.npy", "z.npy") == (0, told + said, "")
    np.testing.assert_array_equal(np.load("z.npy"), model.encode(pixels / np.float32(255)))
    assert run("encode", "model.npz", "wide.npy", "z.npy") == (0, said, "")
    np.testing.assert_array_equal(np.load("z.npy"), model.encode(pixels))
    assert run("train", "x.npy", "--encoder", 2, "--save", "t.npz")[1].startswith("t.npz: ")
    assert run("encode", "t.npz", "x.npy", "z.npy") == (0, said, "")  # by its first layer
    np.testing.assert_array_equal(np.load("z.npy"), tae.load("t.npz").encode(pixels))


def test_npz_with_several_or_other_arrays(run):
    saved_model()
    np.savez("x.npz", a=samples(), b=samples())
    fails(run("encode", "model.npz", "x.npz", "z.npy"), "x.npz holds a, b: choose one with --key")
    fails(run("encode", "model.npz", "x.npz", "z.npy", "--key", "c"), "holds a, b: choose one")
    fails(run("encode", "model.npz", "x.csv", "z.npy", "--key", "c"), "x.csv is no .npz")
    np.savez("x.npz", a=np.array([{}], object))
    fails(run("encode", "model.npz", "x.npz", "z.npy"), "x.npz holds Python's objects")
    np.savez("x.npz")
    fails(run("encode", "model.npz", "x.npz", "z.npy"), "x.npz holds no array")


def test_a_form_under_the_name_of_another(run):
    model, x = saved_model(), samples()
    np.savez("x.npz", x=x)
    os.rename("x.npz", "x.npy")
    np.save("y.npy", x)
    os.rename("y.npy", "y.npz")
    for name in ("x.npy", "y.npz"):
        assert run("encode", "model.npz", name, "z.npy")[0] == 0
        np.testing.assert_array_equal(np.load("z.npy"), model.encode(x))


def test_columns_are_chosen_of_tables_only(run):
    saved_model()
    np.save("x.npy", samples().reshape(60, 2, 3))
    fails(run("encode", "model.npz", "x.npy", "z.npy", "--drop", 1), "x.npy has no columns to cho")
    np.save("x.npy", samples())
    fails(run("encode", "model.npz", "x.npy", "z.npy", "--drop", "a"), "x.npy has no column 'a'")
    fails(run("encode", "model.npz", "x.npy", "z.npy", "--header"), "x.npy is no .csv or .tsv")


def test_a_number_that_is_refused_is_where_the_file_has_it(run):
    """Also where columns were left out: of text and of an array."""
    saved_model()
    x = np.ones((3, 7))
    x[2, 4] = np.nan
    np.save("x.npy", x)
    np.savetxt("x.csv", x, delimiter=",")
    for name, place in (("x.npy", r"x.npy\[2, 4\]"), ("x.csv", "x.csv, line 3, column 5")):
        fails(run("encode", "model.npz", name, "z.npy", "--drop", "2"), f"{place}: nan is not")


def test_values_that_the_loss_does_not_take(run):
    with open("x.csv", "w") as file:
        file.write("a,b\n\n0,1\n1,1.25\n")
    place = "x.csv, line 4, column 'b': 1.25 is not from 0 to 1, as "
    train = ("train", "x.csv", "--encoder", "1", "--loss", "bce", "--save", "m.npz")
    fails(run(*train), place + "bce needs")
    tae.Autoencoder([tae.Dense(1)], [tae.Dense(2)], input_shape=(2,), loss="bce").save("m.npz")
    fails(run("check", "m.npz", "x.csv"), place)
