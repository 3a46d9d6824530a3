"""Pages are opened in Chromium, without a window: ``pip install "tinyae[browser]"`` drives it."""

import os

import pytest

import tinyae as tae
from tests.support.browser import BROWSER
from tests.support.open_page import Opened

# The folder into which the book was built
collect_ignore = [] if os.environ.get("TINYAE_BOOK") else ["test_book.py"]


@pytest.fixture(scope="session")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api")
    if BROWSER is None:
        pytest.skip("needs chromium")
    with playwright.sync_playwright() as driver:
        # in a container the process is root's, whom Chromium's sandbox refuses
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium):
    """Opens a page's file; at the end nothing may have been complained of or asked for."""
    opened = []

    def browse(path, width=1280, height=860, **settings):
        each = Opened(chromium, path, {"width": width, "height": height}, **settings)
        opened.append(each)
        return each.page

    yield browse
    for each in opened:
        each.close()


@pytest.fixture(scope="session")
def digits():
    """The reference model, hardly trained, with images and labels."""
    (x, _), (x_test, labels) = tae.datasets.mnist_mini(digits=(1, 5, 6))
    ae = tae.models.deep()
    ae.fit(x, epochs=1, batch_size=50, verbose=0)
    return ae, x_test, labels


@pytest.fixture(scope="session")
def digits_page(digits, tmp_path_factory):
    return tae.plot.page(*digits, tmp_path_factory.mktemp("pages") / "digits.html")
