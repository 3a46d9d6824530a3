"""Tables of numbers in text: .csv and .tsv, as spreadsheets and pandas write them.

Whatever is not surely a number, or surely a line of names, is refused with its line and column,
counted as an editor does: lines from 1, the line of names and blank ones included.
"""

import csv
import io
import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .columns import Choice, as_chosen

QUOTED = re.compile(' *"[^"]*(?:""[^"]*)*("?)')  # a cell, up to its closing quote
MISSING = {"", "na", "n/a", "nan", "null", "none"}  # a row of these is one of data


class Table(NamedTuple):
    """The chosen columns of a file."""

    file: str
    values: np.ndarray  # (n, k), float64
    lines: Sequence[int]  # where each row begins
    columns: Sequence[str]  # as messages call them
    names: list[str] | None  # from the line of names, if there is one
    remembered: tuple[str | int, ...] | None = None  # what chooses the same columns again

    def place(self, index: Sequence[int]) -> str:
        """Where in the file a number stands."""
        return f"{self.file}, line {self.lines[index[0]]}, column {self.columns[index[1]]}"


def read_csv(path: Path, choice: Choice, header: bool | None) -> Table:
    """Read the numbers of a text file.

    Numbers may stand in quotes. The separator of a .csv is ";" or a tab where one is in the first
    line, else the comma; of a .tsv a tab. Where it is ";", a comma in a number is a decimal comma.

    Parameters
    ----------
    path : Path
    choice : Choice
        Other columns may hold anything.
    header : bool, optional
        Whether the first line holds names. Default: if a column is asked for by name, or words
        stand in it and no number.

    Raises
    ------
    ValueError
        If the file is no such table; the message names file, line and column.
    """
    file, text = str(path), _decode(path)
    separator = _separator(path, text)
    rows = _rows(file, text, separator)
    first_line, first = next(rows, (0, []))
    if not first:
        raise ValueError(f"{file} holds no rows of numbers")
    chosen, names = _chosen(file, first, choice, header)
    columns = [str(i + 1) for i in chosen]
    if names is None:
        rows = chain([(first_line, first)], rows)
    else:
        named = [name and names.count(name) == 1 for name in names]
        columns = [repr(names[i]) if alone else columns[i] for i, alone in enumerate(named)]
    lines, values, signs = array("q"), array("d"), set[str]()
    for line, cells in rows:
        if len(cells) != len(first):
            raise ValueError(
                f"{file}, line {line}: {len(cells)} cells, but line {first_line} has {len(first)}"
            )
        try:
            values.extend(_numbers([cells[i] for i in chosen], separator, signs))
        except NotANumber as error:
            hint = "; if it is a name, give --header" * (header is None and line == first_line)
            place = f"{file}, line {line}, column {columns[error.position]}"
            raise ValueError(f"{place}: {error}{hint}") from None
        lines.append(line)
    if not lines:
        raise ValueError(f"{file} holds no rows of numbers")
    again = as_chosen(chosen, len(first), names)
    return Table(file, np.asarray(values).reshape(len(lines), -1), lines, columns, names, again)


def _chosen(
    file: str, first: list[str], choice: Choice, header: bool | None
) -> tuple[list[int], list[str] | None]:
    """The positions of the chosen columns, and their names if the first row holds names."""
    if header is None:
        header = choice.tells_names(first)
        header = header or _are_names([first[i] for i in choice.looked_at(len(first), file)])
    names = [name.strip() for name in first] if header else None
    chosen = choice.positions(len(first), names, file)
    return chosen, None if names is None else [names[i] for i in chosen]


class NotANumber(ValueError):
    """A cell that is refused; the message says why."""

    def __init__(self, position: int, cell: str, why: str):
        shown = repr(cell if len(cell) <= 30 else cell[:29] + "…")
        super().__init__(f"{shown} {why}" if cell.strip() else "the cell is empty")
        self.position = position


def is_name(cell: str) -> bool:
    """Whether it can be a column's name, and is neither a number nor the lack of one."""
    number = _is_number(cell.replace(",", "."))
    return bool(re.search(r"[^\W\d_]", cell)) and not number and not _is_missing(cell)


def _are_names(cells: list[str]) -> bool:
    rest = [cell for cell in cells if not is_name(cell)]
    return len(rest) < len(cells) and all(map(_is_missing, rest))


def _is_missing(cell: str) -> bool:
    return cell.strip().lower() in MISSING


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _decode(path: Path) -> str:
    data = path.read_bytes()
    # as spreadsheets mark their "Unicode text"
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {line}: it is not text in UTF-8") from None


def _separator(path: Path, text: str) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    first = text.lstrip("\r\n").partition("\n")[0].partition("\r")[0]
    unquoted = re.sub('"[^"]*"', "", first)
    return next((each for each in ";\t" if each in unquoted), ",")


def _rows(file: str, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Each row's line and cells; blank lines are left out, but not of a single column."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    width, blank = 0, []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise ValueError(f"{file}, {_wrong_cell(text, line, separator)}") from None
        if cells is None:
            return
        if not "".join(cells).strip() and len(cells) <= 1:
            blank.append(line)
            continue
        if width == 1 and blank:  # it is an empty cell there
            yield blank[0], [""]
        width, blank = len(cells), []
        yield line, cells


def _wrong_cell(text: str, line: int, separator: str) -> str:
    """The first cell that no reader takes, in the row that begins in that line, and why.

    Python's says no column, and of a quote that is never closed only that the file ends, or that
    the cell, which is the rest of the file, is too long.
    """
    row = "".join(io.StringIO(text, newline="").readlines()[line - 1 :])
    plain, at, column = re.compile(f"[^{separator}\r\n]*"), 0, 1
    while True:
        cell = QUOTED.match(row, at) or plain.match(row, at)
        assert cell is not None
        after = row[cell.end() : cell.end() + 1]
        why = ""
        if cell.re is QUOTED and not cell[1]:
            why = "a quote opens here that is never closed"
        elif cell.re is QUOTED and after not in (separator, "", "\r", "\n"):
            why = "there is more behind the closing quote"
        elif after != separator:
            why = "a cell is too long"
        if why:
            line += len(re.findall("\r\n|\r|\n", row[: cell.start()]))
            return f"line {line}, column {column}: {why}"
        at, column = cell.end() + 1, column + 1


def _numbers(cells: list[str], separator: str, signs: set[str]) -> list[float]:
    """The numbers in a row; `signs` are the decimal signs met so far, which it adds to."""
    text, plain = "".join(cells), cells
    if separator == ";":
        if not signs.issuperset(sign for sign in ",." if sign in text):
            for i, cell in enumerate(cells):
                signs.update(sign for sign in ",." if sign in cell)
                if len(signs) == 2:
                    raise NotANumber(i, cell, "mixes decimal commas and points")
        plain = [cell.replace(",", ".") for cell in cells] if "," in signs else cells
    try:
        if "_" not in text:  # Python's own numbers may hold it
            return list(map(float, plain))
    except ValueError:
        pass
    at = next(i for i, cell in enumerate(plain) if not _is_number(cell) or "_" in cell)
    raise NotANumber(at, cells[at], "is not a number")
