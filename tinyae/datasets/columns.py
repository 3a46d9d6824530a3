"""Which columns of a table are the features of its samples."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..checks.arguments import shown

MOST_LETTERS = 1 << 18  # in the names that a model's file holds


@dataclass(frozen=True)
class Choice:
    """All columns, some of them in this order, or all but some.

    Each is a name or a number, counted from 1; where names are known, they come first.

    Parameters
    ----------
    columns, drop : sequence of str
        Those to keep, or those to leave out.
    """

    columns: Sequence[str] = ()
    drop: Sequence[str] = ()

    @property
    def by_name(self) -> bool:
        """Whether a column is asked for by what can only be its name."""
        return not all(each.isdecimal() for each in (*self.columns, *self.drop))

    def tells_names(self, first: Sequence[str]) -> bool:
        """Whether the cells of a first line must be names, since some are asked for."""
        return self.by_name

    def looked_at(self, count: int, file: str) -> list[int]:
        """Whose cells in the first line tell whether it holds names."""
        return self.positions(count, None, file)

    def positions(self, count: int, names: Sequence[str] | None, file: str) -> list[int]:
        """The positions, from 0, of the chosen among `count` columns of the file."""
        asked = [_position(each, count, names, file) for each in self.columns or self.drop]
        if len({*asked}) < len(asked):
            raise ValueError(f"{file}: one column is chosen twice")
        if self.columns:
            return asked
        kept = [i for i in range(count) if i not in asked]
        if not kept:
            raise ValueError(f"{file}: no column is left")
        return kept


@dataclass(frozen=True)
class Remembered(Choice):
    """The columns that a model was trained on: by name, in whatever order a file has them.

    A file without names has them alone, in their order, or has those that are known by number.
    """

    named: bool = False

    def tells_names(self, first):
        return self.named and {each.strip() for each in first} >= {*self.columns}

    def looked_at(self, count, file):
        return list(range(count))

    def positions(self, count, names, file):
        if names is None and count == len(self.columns):
            return list(range(count))
        lacking = [each for each in self.columns if each not in (names or ())]
        if self.named and lacking:
            there = "no names" if names is None else f"no column {lacking[0]!r}"
            raise ValueError(
                f"{file} has {there}, but the model was trained on the columns "
                f"{some(self.columns)}; --columns or --drop says which they are here"
            )
        return super().positions(count, names if self.named else None, file)


def as_chosen(positions: Sequence[int], count: int, names: Sequence[str] | None) -> Any:
    """What a model is to remember of its columns: names, or numbers from 1; None if nothing."""
    if names and len({*names}) == len(names) and all(names):
        return tuple(names) if sum(map(len, names)) <= MOST_LETTERS else None
    chosen = tuple(place + 1 for place in positions)
    return None if chosen == tuple(range(1, count + 1)) else chosen


def known_columns(name: str, columns: Any) -> tuple[str | int, ...] | None:
    """Columns of a table by name or by number from 1, each once; or None."""
    if columns is None:
        return None
    given = tuple(columns) if isinstance(columns, list | tuple) else ()
    kinds = {type(each) for each in given}
    known = all(given) and (kinds == {str} or (kinds == {int} and min(given) > 0))
    if not given or not known or len({*given}) < len(given):
        raise ValueError(
            f"{name} must be None, or names of columns or their numbers from 1, each once, but got "
            f"{shown(columns)}"
        )
    return given


def some(columns: Iterable[object], most: int = 6) -> str:
    """The first of them, for messages."""
    listed = [str(each) for each in columns]
    return ", ".join(listed[:most]) + ", …" * (len(listed) > most)


def _position(asked: str, count: int, names: Sequence[str] | None, file: str) -> int:
    found = [i for i, name in enumerate(names or ()) if name == asked]
    if len(found) > 1:
        numbers = ", ".join(str(i + 1) for i in found)
        raise ValueError(f"{file}: the columns {numbers} have the name {asked!r}: give a number")
    if found:
        return found[0]
    if asked.isdecimal() and 1 <= int(asked) <= count:
        return int(asked) - 1
    there = f"1 to {count}" if names is None else some(names)
    raise ValueError(f"{file} has no column {asked!r}: its columns are {there}")
