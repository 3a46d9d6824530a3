"""The page of one training step: gone through by buttons, keys and clicks."""

import re

import numpy as np
import pytest

import tinyae as tae
from tests.support.open_page import assert_legible
from tinyae.plot.seen_step import seen_step

X = np.array([0.1, 0.9, 0.4, 0.7])
STEPS = [
    "The input",
    "Forward through encoder[0] Dense",
    "Forward through encoder[1] Dense",
    "Forward through decoder[0] Dense",
    "The loss, and its gradient",
    "Back through decoder[0] Dense",
    "Back through encoder[1] Dense",
    "Back through encoder[0] Dense",
]


@pytest.fixture(scope="module")
def ae():
    return tae.Autoencoder(
        [tae.Dense(3, "tanh"), tae.Dense(2)], [tae.Dense(4, "sigmoid")], input_shape=(4,), seed=1
    )


@pytest.fixture
def open_page(browse, ae, tmp_path):
    return lambda **how: browse(tae.plot.backprop_page(ae, X, path=tmp_path / "b.html"), **how)


def name(page):
    return page.locator("#name").text_content()


def lines(page):
    return page.locator("#numbers p").all_text_contents()


def number(text):
    """The last number of a line."""
    found = re.findall(r"−?[\d.]+(?:e−?\d+)?", text)[-1]
    return float(found.replace("−", "-"))


def test_it_goes_forward_and_back_again(open_page):
    page = open_page()
    for step, said in enumerate(STEPS):
        assert name(page) == f"{step} of 7: {said}"
        page.locator("#next").click(force=step == 7)
    assert page.locator("#next").is_disabled()
    page.keyboard.press("ArrowLeft")
    assert name(page) == f"6 of 7: {STEPS[6]}"
    page.locator("#previous").click()
    assert name(page) == f"5 of 7: {STEPS[5]}"
    page.locator("#stage").press("Home")
    assert name(page) == f"0 of 7: {STEPS[0]}"
    assert page.locator("#previous").is_disabled()
    page.locator("#network").focus()
    page.keyboard.press("Control+ArrowRight")  # the browser's
    assert name(page).startswith("0 of 7")


def test_more_is_known_with_each_step(open_page, ae):
    page = open_page()
    seen = seen_step(ae, X, None, "test")
    sizes, counts = [4, 3, 2, 4], []
    for _ in STEPS:
        values = page.locator(".unit text:not(.gradient)").count()
        gradients = page.locator(".unit text.gradient").count()
        counts.append((values, gradients))
        page.keyboard.press("ArrowRight")
    known = [sum(sizes[: min(step, 3) + 1]) + (step >= 4) for step in range(8)]
    back = [sum(sizes[4 - max(0, step - 3) :]) if step > 3 else 0 for step in range(8)]
    assert counts == [*zip(known, back, strict=True)]
    shown = page.locator(".unit text").all_text_contents()
    for layer in seen.layers:
        for value in (*layer.y, *layer.dy):
            assert any(number(text) == pytest.approx(value, abs=0.006) for text in shown)


def test_every_number_has_its_formula(open_page, ae):
    """For each unit of each layer, forward and back: the figures give what stands there."""
    page = open_page()
    seen = seen_step(ae, X, None, "test")
    for step, layer in zip(range(1, 4), seen.layers, strict=True):
        page.keyboard.press("ArrowRight")
        for j, y in enumerate(layer.y):
            letters, figures, last = lines(page)
            assert letters.startswith(f"z{j + 1} = x1 W1,{j + 1} + ")
            assert number(figures) == pytest.approx(layer.connections.z[j], abs=0.006)
            assert number(last) == pytest.approx(y, abs=0.006)
            page.keyboard.press("ArrowDown")
        assert name(page).startswith(f"{step} of 7")
    page.keyboard.press("ArrowRight")
    assert "loss = mean of (y − t)², t the target" in lines(page)
    for layer in seen.layers[::-1]:
        page.keyboard.press("ArrowRight")
        for j, dz in enumerate(layer.connections.dz):
            found = lines(page)
            inputs = len(layer.dx)
            assert found[0].startswith(f"dz{j + 1} = dy{j + 1}")
            assert number(found[1]) == pytest.approx(dz, abs=0.006)
            assert found[1].count("=") == 1 + (layer.connections.slope != "dy")
            for k in range(inputs):
                assert found[2 + k].startswith(f"dW{k + 1},{j + 1} = x{k + 1} dz{j + 1} = ")
                expected = layer.connections.kernel_gradient[k, j]
                assert number(found[2 + k]) == pytest.approx(expected, abs=0.006)
            assert number(found[2 + inputs]) == pytest.approx(dz, abs=0.006)  # db
            handed = found[3 + inputs :]
            assert [number(text) for text in handed[1::2]] == pytest.approx(layer.dx, abs=0.006)
            page.keyboard.press("ArrowDown")


def test_a_click_chooses_a_unit(open_page):
    page = open_page()
    page.keyboard.press("ArrowRight")
    page.locator(".unit").nth(4 + 2).click()
    assert lines(page)[0].startswith("z3 = ")
    assert page.locator(".edge.chosen").count() == 4
    assert page.locator("text.halo:not(.caption)").count() == 4  # the weights
    page.locator(".unit").last.click()  # the loss
    assert name(page) == f"4 of 7: {STEPS[4]}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_texts_are_legible(open_page, scheme, width):
    page = open_page(width=width, color_scheme=scheme)
    for _ in range(8):
        assert_legible(page)
        page.keyboard.press("ArrowRight")


def test_layers_of_other_kinds_and_text_that_is_no_markup(browse, tmp_path):
    ae = tae.Autoencoder(
        [tae.Reshape((2, 2, 1)), tae.Conv2D(2, 2), tae.Flatten()],
        [tae.Dense(4, "leaky_relu"), tae.Dropout(0.5)],
        **{"input_shape": (4,), "loss": "bce"},
    )
    ae.layers[0].label = "<b>evil</b>"
    page = browse(tae.plot.backprop_page(ae, X, path=tmp_path / "b.html", title="</script>"))
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    assert name(page) == "11 of 11: Back through <b>evil</b>"
    assert page.locator("b").count() == 0
