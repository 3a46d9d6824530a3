"""Code cells that run while the book is built, in this process, page by page.

A page is MyST Markdown as notebooks are written in it:

    ```{code-cell}
    2 + 2
    ```

The cells of a page share their names. What a cell prints, the value of its last line and the
figures that it leaves open are shown below it; what it writes into the working directory becomes
part of the site, in ``_pages``. A cell that raises, or warns, is a warning of the build. Tags:
``hide-input`` folds the code, ``source`` shows what is printed as Python.

One process for all pages is what makes the book quick to build: tinyae is loaded once.
"""

import ast
import contextlib
import io
import linecache
import re
import traceback
import warnings
from pathlib import Path

import matplotlib
from docutils import nodes
from docutils.parsers.rst import directives
from matplotlib import pyplot as plt
from matplotlib.backends.backend_svg import FigureCanvasSVG
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)
STYLE = {
    "figure.figsize": (5.6, 3.0),
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "font.size": 10,
    "svg.fonttype": "path",
    "figure.autolayout": True,  # a constrained layout takes three times as long
}
LARGEST_SVG = 400_000  # characters; what is larger becomes pixels


class Cell(SphinxDirective):
    """``code-cell``: the code, and what it gives."""

    has_content = True
    optional_arguments = 1  # the language, which is always Python
    option_spec = {"tags": directives.unchanged}  # noqa: RUF012

    def run(self):
        code = "\n".join(self.content)
        data = self.env.temp_data.setdefault("cells", {"names": {"__name__": "page"}, "count": 0})
        data["count"] += 1
        name = f"<{self.env.docname}, cell {data['count']}>"
        self.env.metadata[self.env.docname]["cells"] = data["count"]
        tags = re.findall(r"[\w-]+", self.options.get("tags", ""))
        folder = Path(self.env.app.outdir, "_pages", self.env.docname)
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.chdir(folder):
            text, figures, error = run(code, name, data["names"])
        if error:
            logger.warning("%s failed:\n%s", name, error, location=self.get_location())
        return [*self.shown_code(code, tags), *self.shown_output(text, figures, tags)]

    def shown_code(self, code, tags):
        block = nodes.literal_block(code, code, language="python", classes=["cell-input"])
        if "hide-input" not in tags:
            return [block]
        opening = '<details class="cell-hidden"><summary>Code</summary>'
        return [raw(opening), block, raw("</details>")]

    def shown_output(self, text, figures, tags):
        shown = []
        if text.strip():
            language = "python" if "source" in tags else "none"
            shown.append(
                nodes.literal_block(
                    text.rstrip(), text.rstrip(), language=language, classes=["cell-output"]
                )
            )
        shown += [raw(f'<div class="cell-figure">{figure}</div>') for figure in figures]
        return shown


def raw(html):
    return nodes.raw("", html, format="html")


def run(code, name, names):
    """What the code prints, with the value of its last line; its figures; and its traceback."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    printed, figures, error = io.StringIO(), [], ""
    with (
        contextlib.redirect_stdout(printed),
        warnings.catch_warnings(),
        matplotlib.rc_context(STYLE),
    ):
        warnings.simplefilter("error")
        try:
            body = ast.parse(code).body
            last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
            exec(compile(ast.Module(body, []), name, "exec"), names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), name, "eval"), names)
                if value is not None and not code.rstrip().endswith(";"):
                    print(repr(value))
            figures = [drawn(plt.figure(number), f"{name}{number}") for number in plt.get_fignums()]
        except Exception:
            error = traceback.format_exc()
        plt.close("all")
    return printed.getvalue(), figures, error


def drawn(figure, name):
    """The figure as SVG within the page: black becomes its text, white its paper."""
    out = io.StringIO()
    if engine := figure.get_layout_engine():
        engine.execute(figure)
        figure.set_layout_engine("none")  # savefig would draw all of it twice, to do this
    with matplotlib.rc_context({"svg.hashsalt": name}):
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    if len(svg) > LARGEST_SVG:
        logger.warning("%s: the figure has %d characters of SVG", name, len(svg))
    prefix = re.sub(r"\W+", "-", name)
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{prefix}", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace("#000000", "currentColor")
    svg = svg.replace("#ffffff", "var(--pst-color-background)")
    width = float(re.search(r'viewBox="0 0 ([\d.]+) ', svg)[1]) * 4 / 3  # points as pixels
    head, body = svg.split(">", 1)
    head = re.sub(r'\b(width|height)="[\d.]+pt"', "", head)
    # what has no colour of its own, as text, is black too
    return f'{head} role="img" fill="currentColor" style="width: {width:.0f}px">{body}'


def setup(app):
    matplotlib.use("agg")
    app.add_directive("code-cell", Cell)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
