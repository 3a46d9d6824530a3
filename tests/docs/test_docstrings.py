"""Docstrings and the examples' texts on their way into reStructuredText."""

import pytest

pytest.importorskip("sphinx", reason="needs tinyae[docs]")


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("x : array, shape (n, *shape)", r"x : array, shape (n, \*shape)"),
        ("the mean of |y − x|", r"the mean of \|y − x\|"),
        ("``a | b`` and *args", r"``a | b`` and \*args"),
        ("2 * 3", "2 * 3"),
    ],
)
def test_signs_are_kept(line, kept):
    import plain_docstrings

    lines = [line]
    plain_docstrings.keep_signs(None, "function", "f", None, None, lines)
    assert lines == [kept]


def test_examples_and_references_stay_as_they_are():
    import plain_docstrings

    lines = ["See [1]_.", "", ">>> f(*x) | 1", "a|b", "", "References", "----------", ".. [1] A."]
    kept = list(lines)
    plain_docstrings.keep_signs(None, "function", "f", None, None, lines)
    assert lines == kept


def test_a_script_gets_a_title():
    import gallery_scripts

    script = '"""Find *it*.\n\n|a|, --full.\n\n    y = f(x)\n\n- one;\n- two.\n"""\n\nx = 1\n'
    text = gallery_scripts.with_title(script)
    assert text.startswith('r"""\nFind *it*\n=========\n\n\\|a\\|, \\--full.\n\n::\n\n')
    assert "\n- one;\n- two.\n" in text
    assert text.endswith('"""\n\nx = 1\n')
