"""The page of codes, used by mouse, finger and keys, in light and dark, wide and narrow."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.open_page import assert_legible, settle
from tinyae.linear.pca import PCA

HERE = "() => codeAt(place)"
VALUES = "() => [...decode(codeAt(place))]"
PICTURE = "() => document.getElementById('picture').toDataURL()"
# A canvas's pixels, read from a copy: the browser warns of reading what is drawn on
PIXELS = """(canvas) => {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  return [...context.getImageData(0, 0, copy.width, copy.height).data];
}"""
# Milliseconds that one decoding takes, when nothing comes between
BEST = """() => Math.min(...Array.from({ length: 50 }, () => {
  const start = performance.now();
  for (let i = 0; i < 10; i++) decode(codeAt(place));
  return (performance.now() - start) / 10;
}))"""
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


def middle(page, across=0.5, up=0.5):
    """A place on the map, in pixels of the window."""
    box = page.locator("#map").bounding_box()
    left, top, right, bottom = page.evaluate("box")
    x, y = left + across * (right - left), bottom - up * (bottom - top)
    return box["x"] + x, box["y"] + y


def code_at(page, across, up):
    """The code that lies there."""
    low, high = np.array(page.evaluate("[way.low, way.high]"))[:, :2]
    return low + np.array([across, up]) * (high - low)


def here(page):
    settle(page)
    return np.array(page.evaluate(HERE))


def test_the_mouse_decodes_what_is_under_it(browse, digits, digits_page):
    ae, _, _ = digits
    page = browse(digits_page)
    seen = {page.evaluate(PICTURE)}
    for across, up in ((0.1, 0.2), (0.5, 0.9), (0.95, 0.4)):
        page.mouse.move(*middle(page, across, up))
        code = here(page)
        size = np.ptp(np.array(page.evaluate("[way.low, way.high]")), axis=0)
        np.testing.assert_allclose(code, code_at(page, across, up), atol=2e-3 * size.max())
        expected = ae.decode(code[np.newaxis])[0]
        np.testing.assert_allclose(page.evaluate(VALUES), expected, rtol=0, atol=1e-3)
        shown = page.locator("#code").text_content()
        assert shown == f"code ({code[0]:.2f}, {code[1]:.2f})".replace("-", "−")
        seen.add(page.evaluate(PICTURE))
    assert len(seen) == 4


def test_a_drag_leads_to_the_edge_and_no_further(browse, digits_page):
    page = browse(digits_page)
    page.mouse.move(*middle(page))
    page.mouse.down()
    page.mouse.move(*middle(page, 0.7, 0.6), steps=4)
    np.testing.assert_allclose(here(page), code_at(page, 0.7, 0.6), atol=0.05)
    page.mouse.move(*middle(page, 1.2, -0.1), steps=4)
    page.mouse.up()
    np.testing.assert_allclose(here(page), code_at(page, 1, 0), rtol=1e-9)


def test_a_click_holds_the_code_and_another_lets_go(browse, digits_page):
    page = browse(digits_page)
    page.mouse.click(*middle(page, 0.3, 0.3))
    held = here(page)
    assert "held" in page.locator("#time").text_content()
    page.mouse.move(*middle(page, 0.6, 0.6))
    np.testing.assert_array_equal(here(page), held)
    page.mouse.click(*middle(page, 0.6, 0.6))
    page.mouse.move(*middle(page, 0.8, 0.6))
    assert not np.array_equal(here(page), held)


def test_keys_move_the_code(browse, digits_page):
    page = browse(digits_page)
    start, span = here(page), code_at(page, 1, 1) - code_at(page, 0, 0)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "map"
    outline = page.evaluate(
        "() => { const s = getComputedStyle(map); return [s.outlineStyle, s.outlineWidth]; }"
    )
    assert outline == ["solid", "3px"]
    for key, across, up in (
        ("ArrowRight", 1, 0),
        ("ArrowUp", 1, 1),
        ("ArrowLeft", 0, 1),
        ("ArrowDown", 0, 0),
        ("Shift+ArrowRight", 10, 0),
        ("Shift+ArrowDown", 10, -10),
    ):
        page.keyboard.press(key)
        np.testing.assert_allclose(here(page), start + span * (across / 100, up / 100), atol=1e-6)
    assert page.locator("#spoken").text_content().startswith("code 0 ")
    page.keyboard.press("Home")
    np.testing.assert_array_equal(here(page), start)
    for _ in range(20):
        page.keyboard.press("Shift+ArrowUp")
    assert here(page)[1] == pytest.approx(code_at(page, 1, 1)[1], rel=1e-12)
    page.keyboard.press("Control+ArrowUp")  # the browser's


def test_a_finger_moves_the_code_and_not_the_page(browse, digits_page):
    page = browse(digits_page, **PHONE)
    finger = page.context.new_cdp_session(page)

    def touch(kind, *places):
        points = [{"x": x, "y": y} for x, y in places]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", middle(page, 0.2, 0.8))
    np.testing.assert_allclose(here(page), code_at(page, 0.2, 0.8), atol=0.1)
    for step in range(1, 5):
        touch("touchMove", middle(page, 0.2 + 0.1 * step, 0.8 - 0.15 * step))
    touch("touchEnd")
    np.testing.assert_allclose(here(page), code_at(page, 0.6, 0.2), atol=0.1)
    assert page.evaluate("scrollY") == 0
    picture, map_ = (page.locator(each).bounding_box() for each in ("#picture", "#map"))
    assert picture["y"] + picture["height"] <= map_["y"]  # above the finger
    assert map_["y"] + map_["height"] <= 844


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_texts_are_legible(browse, digits_page, sixteen_page, scheme, width):
    for path in (digits_page, sixteen_page[1]):
        page = browse(path, width=width, color_scheme=scheme)
        assert_legible(page)
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}[scheme]


def test_light_turns_to_dark_while_it_is_open(browse, digits_page):
    page = browse(digits_page, color_scheme="light")
    assert page.evaluate(f"({PIXELS})(map).slice(-4)") == [255, 255, 255, 255]
    page.emulate_media(color_scheme="dark")
    settle(page)
    assert page.evaluate(f"({PIXELS})(map).slice(-4)") == [20, 23, 27, 255]


def test_labels_are_shown_and_hidden(browse, digits_page):
    page = browse(digits_page)
    buttons = page.locator("#legend button")
    assert buttons.all_text_contents() == ["1", "5", "6"]
    drawn = f"({PIXELS})(points).filter((_, k) => k % 4 === 3 && _).length"
    all_three = page.evaluate(drawn)
    buttons.nth(1).press("Enter")
    assert buttons.nth(1).get_attribute("aria-pressed") == "false"
    two = page.evaluate(drawn)
    assert 0 < two < all_three
    buttons.nth(1).click()
    assert page.evaluate(drawn) == all_three


def test_speed_and_size(browse, digits, digits_page):
    assert digits_page.stat().st_size < 2_000_000
    page = browse(digits_page)
    assert page.evaluate(BEST) < 2
    assert "16 bits" in page.locator("#about").text_content()


# Codes of more numbers


@pytest.fixture(scope="session")
def sixteen_page(digits, tmp_path_factory):
    _, x, labels = digits
    ae = tae.Autoencoder([tae.Dense(16)], [tae.Dense(30, "relu"), tae.Dense(784, "sigmoid")])
    ae.fit(x, epochs=2, verbose=0)
    return ae, tae.plot.page(ae, x, labels, tmp_path_factory.mktemp("pages") / "sixteen.html")


def test_the_rest_of_a_code_follows_sliders(browse, sixteen_page):
    ae, path = sixteen_page
    page = browse(path)
    assert page.locator("#sliders input").count() == 14
    before, code = page.evaluate(PICTURE), here(page)
    slider = page.locator("#sliders input").nth(3)
    slider.evaluate("(e) => { e.value = Number(e.max); e.dispatchEvent(new Event('input')); }")
    moved = here(page) - code
    direction = np.array(page.evaluate("() => [...way.directions]")).reshape(16, 16)[5]
    np.testing.assert_allclose(moved, direction * (moved @ direction), atol=1e-5)
    assert np.abs(moved).max() > 0
    assert page.evaluate(PICTURE) != before
    np.testing.assert_allclose(
        page.evaluate(VALUES), ae.decode(here(page)[np.newaxis])[0], atol=1e-3
    )
    at = float(slider.evaluate("(e) => e.value"))
    slider.press("ArrowLeft")
    assert float(slider.evaluate("(e) => e.value")) < at


def test_axes_are_chosen(browse, sixteen_page):
    page = browse(sixteen_page[1])
    page.select_option("#across", label="direction 4" + page.evaluate("way.names[3].slice(11)"))
    assert page.evaluate("axes") == [3, 1]
    page.select_option("#up", index=3)  # the one that lies across: the two change places
    assert page.evaluate("axes") == [1, 3]
    assert page.evaluate("document.activeElement.id") == "up"
    code = here(page)
    page.select_option("#along", label="the code's numbers")
    np.testing.assert_allclose(here(page), code, atol=1e-4)  # the same place
    assert "code 0 = " in page.locator("#code").text_content()
    assert (
        page.locator("#map").get_attribute("aria-label") == "map of codes: code 0 across, code 1 up"
    )


# What is decoded


def test_points_are_drawn_among_all_that_can_be_decoded(browse, tmp_path):
    x = tae.datasets.sine_curve(200)
    for k, lines in ((1, 1), (2, 22)):
        ae = tae.Autoencoder([tae.Dense(k)], [tae.Dense(9, "tanh"), tae.Dense(2)])
        ae.fit(x, epochs=1, verbose=0)
        page = browse(tae.plot.page(ae, x, None, tmp_path / "points.html"))
        curves = page.evaluate("() => curves.map((curve) => curve.map((point) => [...point]))")
        assert len(curves) == lines
        low, high = np.array(page.evaluate("[way.low, way.high]"))
        ends = [low, high] if k == 1 else [low, (low[0], high[1])]
        np.testing.assert_allclose([curves[0][0], curves[0][-1]], ae.decode(ends), atol=1e-5)
        before = page.evaluate(PICTURE)
        page.mouse.move(*middle(page, 0.8, 0.8))
        settle(page)
        assert page.evaluate(PICTURE) != before


MODELS = {
    "line": lambda x: (PCA(2).fit(x[:, :10]), x[:, :10]),
    "one number, images": lambda x: (PCA(1).fit(x), x),
    "one number, lines": lambda x: (PCA(1).fit(x[:, :10]), x[:, :10]),
    "three numbers, points": lambda x: (
        tae.Autoencoder([tae.Dense(3)], [tae.Dense(2)], input_shape=(2,)),
        x[:, :2],
    ),
    "colours": lambda x: (
        tae.Autoencoder(
            [tae.Flatten(), tae.Dense(2)],
            [tae.Dense(36), tae.Reshape((3, 4, 3))],
            input_shape=(3, 4, 3),
        ),
        x[:, :36].reshape(-1, 3, 4, 3),
    ),
    "codes that are images": lambda x: (
        tae.Autoencoder(
            [tae.Conv2D(8, 3, 2, "same")],
            [tae.Conv2DTranspose(1, 3, 2, "same")],
            input_shape=(6, 6, 1),
        ),
        x[:, :36].reshape(-1, 6, 6, 1),
    ),
    "codes all alike": lambda x: (PCA(3).fit(x), np.ones((5, len(x[0])))),
    "one sample": lambda x: (PCA(3).fit(x), x[:1]),
    "large numbers": lambda x: (PCA(2).fit(1e20 * x + 1e22), 1e20 * x + 1e22),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("width", [1280, 390])
def test_every_kind_is_drawn_and_followed(browse, tmp_path, name, width):
    model, x = MODELS[name](np.random.default_rng(0).random((60, 49)))
    page = browse(tae.plot.page(model, x, np.arange(len(x)) % 23, tmp_path / "page.html"), width)
    before = page.evaluate(PICTURE)
    if width == 390:
        assert_legible(page)
    page.mouse.move(*middle(page, 0.8, 0.8))
    code = here(page)
    k = model.encode(x[:1]).shape
    expected = model.decode(code.astype(float).reshape(k))[0].ravel()
    largest = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(page.evaluate(VALUES), expected, rtol=0, atol=1e-3 * largest)
    assert page.evaluate(PICTURE) != before or name == "codes all alike"


def test_text_of_labels_and_titles_is_no_markup(browse, tmp_path):
    x = np.random.default_rng(0).random((4, 16))
    evil = "</script><b>'\"&amp;"
    path = tae.plot.page(PCA(2).fit(x), x, [evil] * 4, tmp_path / "p.html", title=evil)
    page = browse(path)
    assert page.locator("h1").text_content() == page.title() == evil
    assert page.locator("#legend button").all_text_contents() == [evil]
    assert page.locator("b").count() == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_long_words_are_broken(browse, tmp_path, width):
    x, word = np.random.default_rng(0).random((4, 16)), 300 * "W"
    page = browse(
        tae.plot.page(PCA(2).fit(x), x, [word] * 4, tmp_path / "p.html", title=word), width
    )
    settle(page)
    assert_legible(page)
    assert page.locator("#legend canvas").bounding_box()["width"] == 14
    ae = tae.Autoencoder([tae.Dense(1)], [tae.Dense(2)], (2,))
    path = tae.plot.backprop_page(ae, x[0, :2], None, tmp_path / "b.html", title=word)
    assert_legible(browse(path, width))
