"""Cells of the book's pages: what they print, draw and complain of."""

import pytest

pytest.importorskip("sphinx", reason="needs tinyae[docs]")


@pytest.fixture
def run():
    import cells

    names = {"__name__": "page"}
    return lambda code: cells.run(code, "<page, cell 1>", names)


def test_what_is_printed_and_the_value_of_the_last_line(run):
    assert run("print(1)\nx = [2]\nx") == ("1\n[2]\n", [], "")


@pytest.mark.parametrize("code", ["x = 1", "None", "3;", ""])
def test_nothing_is_shown_that_nobody_asked_for(run, code):
    assert run(code) == ("", [], "")


def test_cells_of_a_page_share_their_names(run):
    run("def double(x):\n    return 2 * x")
    assert run("double(4)")[0] == "8\n"


def test_a_cell_that_raises_or_warns_says_where(run):
    _, _, error = run("1 + 1\n1 / 0")
    assert "ZeroDivisionError" in error
    assert 'File "<page, cell 1>", line 2' in error
    assert "a warning" in run("import warnings\nwarnings.warn('a warning')")[2]


def test_source_of_what_a_cell_defines(run):
    code = "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f))"
    assert "return 1" in run(code)[0]


def test_a_figure_takes_the_colours_of_the_page(run):
    from matplotlib import pyplot as plt

    code = (
        "from matplotlib import pyplot as plt\nplt.plot([1, 2], color='red')\nplt.title('a')\n"
        "plt.text(1, 1, 'b', bbox={'fc': 'white'});"
    )
    text, (svg,), error = run(code)
    assert (text, error) == ("", "")
    assert svg.startswith("<svg ")
    assert "currentColor" in svg
    assert "#000000" not in svg
    assert "fill: var(--pst-color-background)" in svg
    assert "#ffffff" not in svg
    assert "#ff0000" in svg
    assert plt.get_fignums() == []


def test_two_figures_on_a_page_have_no_id_in_common(run):
    import re

    code = (
        "from matplotlib import pyplot as plt\nfor _ in range(2):\n    plt.figure().gca().plot([1])"
    )
    _, figures, _ = run(code)
    first, second = (set(re.findall(r'\bid="([^"]+)"', figure)) for figure in figures)
    assert first
    assert first.isdisjoint(second)
