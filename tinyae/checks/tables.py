"""Plain tables for a terminal."""

from collections.abc import Sequence

WIDTH = 80


def table(rows: Sequence[Sequence[str]], gap: str = "  ", alignment: str = "<") -> list[str]:
    """Lines of aligned cells.

    If they are wider than 80 columns, the first column is cut.

    Parameters
    ----------
    rows : sequence of sequences of str
    gap : str
        Between columns.
    alignment : str
        A "<" for each column that stands to the left, a ">" for one to the right, which those
        beyond it do, too.

    >>> print(*table([["name", "size"], ["kernel", "6"]]), sep="\\n")
    name    size
    kernel     6
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - len(gap) * (len(widths) - 1))
    sides = alignment.ljust(len(widths), ">")
    return [
        gap.join(
            f"{cell if len(cell) <= width else cut(cell, width):{side}{width}}"
            for cell, side, width in zip(row, sides, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def figure(value: float) -> str:
    """A number in four significant digits, and in at most 8 columns unless it is below 0 or 1e-9.

    >>> [figure(value) for value in (0.5, 0.012345, 1234.56, 1.5e-5, float("nan"))]
    ['0.5000', '0.01235', '1235', '1.500e-5', 'nan']
    """
    plain = value == 0 or 1e-3 <= abs(value) < 1e4
    number, _, exponent = (f"{value:#.4g}" if plain else f"{value:.3e}").partition("e")
    return f"{number}e{int(exponent)}" if exponent else number.rstrip(".")


def percent(share: float, digits: int = 0) -> str:
    """A share in percent, where only none reads 0% and only all 100%.

    >>> [percent(share) for share in (0, 0.001, 0.5, 0.996, 1)], percent(0.9996, digits=1)
    (['0%', '<1%', '50%', '>99%', '100%'], '>99.9%')
    """
    step, written = 10.0 ** (-2 - digits), f"{share:.{digits}%}"
    if share > 0 and written == f"{0:.{digits}%}":
        return f"<{step:.{digits}%}"
    if share < 1 - 1e-9 and written == f"{1:.{digits}%}":  # nearer is the rounding of a sum
        return f">{1 - step:.{digits}%}"
    return written


def cut(text: str, width: int) -> str:
    """The text in exactly that width: filled with blanks, or cut and marked so."""
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
