"""Plain tables for a terminal."""

from collections.abc import Sequence

WIDTH = 80


def table(rows: Sequence[Sequence[str]], gap: str = "  ", left: int = 1) -> list[str]:
    """Lines of aligned cells: the first columns, `left` of them, to the left, others to the right.

    If they are wider than 80 columns, the first column is cut.

    >>> print(*table([["name", "size"], ["kernel", "6"]]), sep="\\n")
    name    size
    kernel     6
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - len(gap) * (len(widths) - 1))
    return [
        gap.join(
            [
                cut(row[0], widths[0]),
                *map(str.ljust, row[1:left], widths[1:]),
                *map(str.rjust, row[left:], widths[left:]),
            ]
        ).rstrip()
        for row in rows
    ]


def cut(text: str, width: int) -> str:
    """The text in exactly that width: filled with blanks, or cut and marked so."""
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
