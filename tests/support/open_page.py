"""What tests of pages share: a page that is open, and what is seen of it."""


class Opened:
    """A page in a context of its own, and all that it says or asks for."""

    def __init__(self, browser, path, viewport, **settings):
        self.context = browser.new_context(viewport=viewport, **settings)
        self.page = self.context.new_page()
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.url = path.absolute().as_uri()
        self.page.goto(self.url)
        self.page.evaluate(FRAMES)

    def close(self):
        """Nothing was said, nothing asked for but the file itself."""
        self.context.close()
        assert self.said == []
        assert {url for url in self.asked if not url.startswith("data:")} == {self.url}


# Two frames: what was asked for has been drawn
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

# Of each element with a text of its own: the text, its size, and its contrast with what is behind
TEXTS = """() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const found = parts(getComputedStyle(element).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const own = (element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  return [...document.body.querySelectorAll("*")]
    .filter((e) => own(e) && e.getClientRects().length && !["SCRIPT", "OPTION"].includes(e.tagName))
    .map((e) => {
      const style = getComputedStyle(e);
      const ink = e instanceof SVGElement ? style.fill : style.color;
      const [a, b] = [light(parts(ink)), light(behind(e))].sort((x, y) => y - x);
      const size = parseFloat(style.fontSize);
      return { text: e.textContent.trim(), size, contrast: (a + 0.05) / (b + 0.05) };
    });
}"""


def assert_legible(page):
    """Texts have AA's contrast and are not tiny, and the page is no wider than the screen."""
    texts = page.evaluate(TEXTS)
    assert texts
    for each in texts:
        assert each["contrast"] >= 4.5, each
        assert each["size"] >= 12, each
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def settle(page):
    """What was asked for has been drawn."""
    page.evaluate(FRAMES)
