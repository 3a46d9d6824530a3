"""A walk through the built book: copied elsewhere, and with the network off."""

import os
import runpy
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

from tests.support.browser import SECONDS

LOOKS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]
LIT = """(scheme) => [undefined, scheme].includes(document.documentElement.dataset.theme)"""
DRAWN = """() => [...document.querySelectorAll(".math")]
  .every((formula) => formula.querySelector("mjx-container"))"""
# Code, tables and formulas may be wider: one scrolls in them
SEEN = """() => ({
  cut: [...document.querySelectorAll("article *, .prev-next-area *")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .filter((e) => !e.closest("pre, table, svg, mjx-container, .headerlink"))
    .map((e) => e.outerHTML.slice(0, 80)),
  beyond: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  wrong: document.querySelectorAll("[data-mml-node=merror], mjx-merror").length,
  missing: [...document.images].filter((image) => !image.naturalWidth).map((image) => image.src),
})"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder, where nothing else of the project is."""
    folder = tmp_path_factory.mktemp("walk") / "a book"
    return Path(shutil.copytree(os.environ["TINYAE_BOOK"], folder))


@pytest.fixture(scope="module")
def pages(book):
    found = sorted(path for path in book.rglob("*.html") if "_static" not in path.parts)
    assert len(found) > 150
    return found


class Page(HTMLParser):
    """Where a page's links lead, and what can be led to on it."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.places = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.places.update(known[name] for name in ("id", "name") if known.get(name))
        self.targets += [
            known[name] for name in ("href", "src") if known.get(name) and tag != "use"
        ]


def test_no_link_is_dead(book, pages):
    read = {path: Page(path) for path in pages}
    dead, outside = [], set()
    for path, page in read.items():
        for target in page.targets:
            address, place = urldefrag(target)
            if urlsplit(address).scheme:
                outside.add(target)
                continue
            file = (path.parent / unquote(urlsplit(address).path)).resolve() if address else path
            known = file.is_file() and file.is_relative_to(book)
            if not known or (place and file in read and unquote(place) not in read[file].places):
                dead.append(f"{path.relative_to(book)}: {target}")
    assert dead == []
    assert [each for each in outside if not each.startswith(("https://", "data:"))] == []


def test_all_pages_narrow_and_wide_light_and_dark(chromium, book, pages):
    late = pytest.importorskip("playwright.sync_api").TimeoutError
    faults = []
    with chromium.new_context(offline=True) as context:
        context.set_default_timeout(SECONDS * 1000)
        page, at = context.new_page(), None

        def note(what):
            faults.append(f"{at.relative_to(book)}: {what}")

        page.on("console", lambda said: said.type in ("error", "warning") and note(said.text))
        page.on("pageerror", note)
        page.on("requestfailed", lambda request: note(f"did not get {request.url}"))
        for at in pages:
            page.goto(at.as_uri())
            try:
                page.wait_for_function(DRAWN)
            except late:
                note("a formula is not drawn")
            for width, scheme in LOOKS:
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)
                page.wait_for_function(LIT, arg=scheme)
                for name, value in page.evaluate(SEEN).items():
                    if value not in (0, []):
                        note(f"at {width}, {scheme}: {name} {value}")
    assert faults == []


def test_a_search_without_a_network(chromium, book):
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((book / "search.html").as_uri() + "?q=vanishes")
        page.wait_for_selector("#search-results a[href*='learn/activations']")


def test_each_page_taken_along_as_a_script_runs(book, tmp_path, monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    scripts = sorted((book / "_downloads" / "pages").rglob("*.py"))
    assert len(scripts) > 30
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    for script in scripts:
        runpy.run_path(str(script), run_name="__main__")
        pyplot.close("all")


def test_each_notebook_has_the_cells_of_its_script(book):
    jupytext = pytest.importorskip("jupytext")
    nbformat = pytest.importorskip("nbformat")
    notebooks = sorted((book / "_downloads" / "pages").rglob("*.ipynb"))
    assert len(notebooks) > 30
    for path in notebooks:
        nbformat.validate(nbformat.read(path, as_version=4))
        notebook, script = (jupytext.read(path.with_suffix(end)) for end in (".ipynb", ".py"))
        cells, same = (
            [cell.source for cell in each.cells if cell.cell_type == "code"]
            for each in (notebook, script)
        )
        assert cells == same != [], path
