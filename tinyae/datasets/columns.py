"""Which columns of a table are the features of its samples."""

from collections.abc import Sequence
from dataclasses import dataclass


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


def _position(asked: str, count: int, names: Sequence[str] | None, file: str) -> int:
    found = [i for i, name in enumerate(names or ()) if name == asked]
    if len(found) > 1:
        numbers = ", ".join(str(i + 1) for i in found)
        raise ValueError(f"{file}: the columns {numbers} have the name {asked!r}: give a number")
    if found:
        return found[0]
    if asked.isdecimal() and 1 <= int(asked) <= count:
        return int(asked) - 1
    there = f"1 to {count}" if names is None else ", ".join(names[:6]) + ", …" * (len(names) > 6)
    raise ValueError(f"{file} has no column {asked!r}: its columns are {there}")
