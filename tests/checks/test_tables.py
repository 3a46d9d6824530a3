"""Tables of text."""

from tinyae.checks.tables import WIDTH, cut, percent, table


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


def test_only_none_and_all_read_so():
    shares = [0, 1e-9, 0.004, 0.006, 0.994, 0.996, 1 - 1e-6, 1 - 1e-15, 1, 1 + 1e-9]
    texts = ["0%", "<1%", "<1%", "1%", "99%", ">99%", ">99%", "100%", "100%", "100%"]
    assert [percent(share) for share in shares] == texts
    assert [percent(share, 1) for share in (1e-4, 5e-4, 0.9996)] == ["<0.1%", "0.1%", ">99.9%"]
