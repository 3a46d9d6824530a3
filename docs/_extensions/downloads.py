"""Each page with cells as a notebook and as a script, linked at its side."""

import re
from pathlib import Path

import jupytext

FOLDER = "_downloads/pages"


def write(app, error):
    if error or app.builder.format != "html":
        return
    for page in pages(app):
        notebook = jupytext.reads(
            Path(app.env.doc2path(page)).read_text(encoding="utf-8"), fmt="md:myst"
        )
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = without_roles(cell.source)
        target = Path(app.outdir, FOLDER, *page.split("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        for suffix, form in ((".ipynb", "ipynb"), (".py", "py:percent")):
            text = jupytext.writes(notebook, form)
            target.with_suffix(suffix).write_text(text, encoding="utf-8")


def without_roles(text):
    """Links into the book as plain words: a notebook stands alone."""
    text = re.sub(r"\{[\w:]+\}`~?([^`<]*?)(?: <[^`]*>)?`", r"`\1`", text)
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", text)


def pages(app):
    return [page for page, known in app.env.metadata.items() if known.get("cells")]


def links(app, page, template, context, doctree):
    if app.env.metadata.get(page, {}).get("cells"):
        root = "../" * page.count("/")
        context["page_downloads"] = [
            (name, f"{root}{FOLDER}/{page}{suffix}")
            for name, suffix in (("Notebook", ".ipynb"), ("Script", ".py"))
        ]


def setup(app):
    app.connect("html-page-context", links)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
