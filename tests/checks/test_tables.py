"""Tables of text."""

from tinyae.checks.tables import WIDTH, cut, table


def test_columns_are_aligned():
    lines = table([["a", "10", ""], ["bcd", "7", "x"]])
    assert lines == ["a    10", "bcd   7  x"]


def test_what_is_too_wide_is_cut_in_the_first_column():
    lines = table([["name", "figure"], ["n" * 100, "1"]])
    assert [len(line) for line in lines] == [WIDTH, WIDTH]
    assert lines[1] == "n" * 71 + "…" + "       1"


def test_cut_gives_exactly_the_width():
    assert cut("abc", 5) == "abc  "
    assert cut("abcdef", 5) == "abcd…"
