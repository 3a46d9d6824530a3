"""Tables in text: every way of writing the same numbers, and every fault by its line and column."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyae.datasets.columns import Choice
from tinyae.datasets.csv_file import read_csv

NAMES = ["width", "a b", "größe", "x1", "label, old", "class"]


def read(text, name="x.csv", choice=None, header=None, encoding="utf-8"):
    """What a file of that text and name holds; messages name it without its folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        try:
            return read_csv(path, choice or Choice(), header)
        except ValueError as error:
            raise ValueError(str(error).replace(f"{folder}/", "")) from None


def refused(text, message, **how):
    with pytest.raises(ValueError) as error:  # noqa: PT011, the whole message is compared
        read(text, **how)
    assert str(error.value) == message


numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw):
    """A table's numbers and names, and how it is written: the file's text and name."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    values = draw(st.lists(numbers, min_size=rows * columns, max_size=rows * columns))
    values = np.reshape(values, (rows, columns))
    suffix = draw(st.sampled_from([".csv", ".tsv", ".CSV"]))
    separator = "\t" if suffix == ".tsv" else draw(st.sampled_from(",;\t")) if columns > 1 else ","
    sign = draw(st.sampled_from(".,")) if separator == ";" else "."
    names = NAMES[:columns] if draw(st.booleans()) else None

    def written(cell):
        if draw(st.booleans()) or separator in cell:
            cell = f'"{cell}"'
        return draw(st.sampled_from(["", " "])) * (separator != "\t") + cell

    cells = [[repr(number).replace(".", sign) for number in row] for row in values.tolist()]
    lines = [separator.join(map(written, row)) for row in ([names] if names else []) + cells]
    blank = [""] * draw(st.integers(0, 2))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = end.join(blank + lines + blank) + draw(st.sampled_from(["", end]))
    return values, names, f"x{suffix}", text, len(blank) + 1 + (names is not None), separator


@given(tables(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@settings(max_examples=150)
def test_every_way_of_writing_a_table_is_read_exactly(table, encoding):
    values, names, name, text, first, _ = table
    found = read(text, name, encoding=encoding)
    np.testing.assert_array_equal(found.values, values)
    assert found.names == names
    last = len(values) - 1
    column = repr(names[-1]) if names else str(values.shape[1])
    place = f"line {first + last}, column {column}"
    assert found.place((last, values.shape[1] - 1)).endswith(place)


FAULTS = {
    "": "the cell is empty",
    "  ": "the cell is empty",
    "x": "'x' is not a number",
    "#1": "'#1' is not a number",
    "1_0": "'1_0' is not a number",
    "0x1": "'0x1' is not a number",
    "1 2": "'1 2' is not a number",
    "1.234,5": "'1.234,5'",
    "1e": "'1e' is not a number",
    "n/a": "'n/a' is not a number",
    "12%": "'12%' is not a number",
    "2020-01-31": "'2020-01-31' is not a number",
}


@given(
    *(st.integers(1, 4), st.integers(2, 5), st.booleans(), st.sampled_from(list(FAULTS))),
    *(st.sampled_from(",;\t"), st.integers(0, 2), st.data()),
)
@settings(max_examples=150)
def test_every_fault_is_refused_by_its_line_and_column(
    rows, columns, named, fault, separator, blank, data
):
    cells = [[f"{i}.5" for i in range(columns)] for _ in range(rows)]
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    cells[row][column] = f'"{fault}"'
    names = NAMES[:columns]
    lines = [separator.join(f'"{cell}"' for cell in names)] * named + [*map(separator.join, cells)]
    line = blank + named + row + 1
    with pytest.raises(ValueError, match="line") as error:
        read("\n" * blank + "\n".join(lines))
    place = f"x.csv, line {line}, column {repr(names[column]) if named else column + 1}: "
    assert str(error.value).startswith(place + FAULTS[fault])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.csv holds no rows of numbers"),
        ("\n\n", "x.csv holds no rows of numbers"),
        ("a,b\n", "x.csv holds no rows of numbers"),
        ("1,2\n\n3\n", "x.csv, line 3: 1 cells, but line 1 has 2"),
        ("a,b\n3,4,5\n", "x.csv, line 2: 3 cells, but line 1 has 2"),
        ("1,2,\n3,4,\n", "x.csv, line 1, column 3: the cell is empty"),
        ("a\n1\n\n2\n", "x.csv, line 3, column 'a': the cell is empty"),
        ("1\n\n\n2\n", "x.csv, line 2, column 1: the cell is empty"),
        ('1,2\n"3\n,4', "x.csv, line 2, column 1: a quote opens here that is never closed"),
        ('1,2\r\n3, "4', "x.csv, line 2, column 2: a quote opens here that is never closed"),
        (
            'a,b\n1,"2\n"\n3,"""4\n',
            "x.csv, line 4, column 2: a quote opens here that is never closed",
        ),
        ('a,b\n"1\n","2\n3\n', "x.csv, line 3, column 2: a quote opens here that is never closed"),
        ('a;b\n1;"2"3\n', "x.csv, line 2, column 2: there is more behind the closing quote"),
        (
            '1,2\n3,"4' + "\n5,6" * 50_000,
            "x.csv, line 2, column 2: a quote opens here that is never closed",
        ),
        ("1,2\n3," + "4" * 200_000, "x.csv, line 2, column 2: a cell is too long"),
        ('1,"2\n"\n3,4\n5,x', "x.csv, line 4, column 2: 'x' is not a number"),
        ("1,5;2\n1.5;2", "x.csv, line 2, column 1: '1.5' mixes decimal commas and points"),
        ('"1,5",2\n', "x.csv, line 1, column 1: '1,5' is not a number"),
        ("1,5\t2\n", "x.csv, line 1, column 1: '1,5' is not a number"),
        ("'1',2\n", "x.csv, line 1, column 1: \"'1'\" is not a number"),
        (b"1,2\n3,\xff\n", "x.csv, line 2: it is not text in UTF-8"),
        (f"1,{'y' * 50}\n", f"x.csv, line 1, column 2: '{'y' * 29}…' is not a number"),
        ("a,a,\n1,2,x\n", "x.csv, line 2, column 3: 'x' is not a number"),
        ("a,a,b\n1,x,2\n", "x.csv, line 2, column 2: 'x' is not a number"),
        ("1|2\n", "x.csv, line 1, column 1: '1|2' is not a number"),
    ],
)
def test_what_is_no_table_is_refused(text, message):
    hint = "; if it is a name, give --header" * ("line 1, column" in message)
    refused(text, message + hint)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1,,3\n", None),  # each of these is refused, and so not taken for names
        (",,\n1,2,3\n", None),
        ("NaN,NA,\n1,2,3\n", None),
        ("1,b,c\n1,2,3\n", None),
        ('"1,234","5,678","9"\n1,2,3\n', None),
        ("-,?,--\n1,2,3\n", None),
        (",b,c\n1,2,3\n", ["", "b", "c"]),
        ("# a,b,c\n1,2,3\n", ["# a", "b", "c"]),
        ("label,1x1,1x2\n1,2,3\n", ["label", "1x1", "1x2"]),
    ],
)
def test_only_words_without_a_number_are_names(text, names):
    if names is None:
        with pytest.raises(ValueError, match="line 1, column"):
            read(text)
    else:
        assert read(text).names == names
        np.testing.assert_array_equal(read(text).values, [[1, 2, 3]])


def test_whether_there_are_names_can_be_said():
    assert read(",0,1\n5,6,7\n", header=True).names == ["", "0", "1"]
    assert read("0,1\n5,6\n", header=True).values.tolist() == [[5, 6]]
    refused("a\n1\n", "x.csv, line 1, column 1: 'a' is not a number", header=False)


HINT = "; if it is a name, give --header"
IRIS = "1,2,rosé\n3,4,rouge\n"
NAMED = "id,w,2,kind\n1,2,3,rosé\n4,5,6,rouge\n"


@pytest.mark.parametrize(
    ("text", "choice", "values", "names"),
    [
        (IRIS, Choice(drop=["3"]), [[1, 2], [3, 4]], None),
        (IRIS, Choice(columns=["2", "1"]), [[2, 1], [4, 3]], None),
        (NAMED, Choice(drop=["id", "kind"]), [[2, 3], [5, 6]], ["w", "2"]),
        (NAMED, Choice(columns=["2", "id"]), [[3, 1], [6, 4]], ["2", "id"]),  # names come first
        (NAMED, Choice(columns=["w", "1"]), [[2, 1], [5, 4]], ["w", "id"]),
        ("a,kind\n1,x\n", Choice(drop=["2"]), [[1]], ["a"]),
    ],
)
def test_columns_are_chosen_by_name_or_number(text, choice, values, names):
    found = read(text, choice=choice)
    assert found.values.tolist() == values
    assert found.names == names


@pytest.mark.parametrize(
    ("text", "choice", "message"),
    [
        (IRIS, Choice(drop=["4"]), "x.csv has no column '4': its columns are 1 to 3"),
        (IRIS, Choice(drop=["0"]), "x.csv has no column '0': its columns are 1 to 3"),
        (NAMED, Choice(["x"]), "x.csv has no column 'x': its columns are id, w, 2, kind"),
        (NAMED, Choice(["w", "w"]), "x.csv: one column is chosen twice"),
        (NAMED, Choice(["id", "1"]), "x.csv: one column is chosen twice"),
        (NAMED, Choice(drop=["1", "w", "2", "4"]), "x.csv: no column is left"),
        ("a,a\n1,2\n", Choice(["a"]), "x.csv: the columns 1, 2 have the name 'a': give a number"),
        (NAMED, Choice(["kind"]), "x.csv, line 2, column 'kind': 'rosé' is not a number"),
        (IRIS, Choice(["3"]), "x.csv, line 2, column 'rosé': 'rouge' is not a number"),
    ],
)
def test_columns_that_cannot_be_chosen_are_refused(text, choice, message):
    refused(text, message, choice=choice)
