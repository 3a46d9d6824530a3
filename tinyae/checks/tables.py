"""Plain tables for a terminal."""

from collections.abc import Sequence

WIDTH = 80


def table(rows: Sequence[Sequence[str]], gap: str = "  ") -> list[str]:
    """Lines of aligned cells: the first column to the left, all others to the right.

    If they are wider than 80 columns, the first column is cut.

    >>> print(*table([["name", "size"], ["kernel", "6"]]), sep="\\n")
    name    size
    kernel     6
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - len(gap) * (len(widths) - 1))
    return [
        gap.join([cut(first, widths[0]), *map(str.rjust, rest, widths[1:])]).rstrip()
        for first, *rest in rows
    ]


def cut(text: str, width: int) -> str:
    """The text in exactly that width: filled with blanks, or cut and marked so."""
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
