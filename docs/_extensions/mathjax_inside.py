"""MathJax from the site itself: one file, with its letters as SVG, so that it needs no other."""

import shutil
from importlib import metadata
from pathlib import Path

FILE = "tex-svg-full.js"


def found():
    files = metadata.files("sphinx-mathjax-offline") or ()
    return next(Path(file.locate()) for file in files if file.name == FILE)


def copy(app, error):
    if not error and app.builder.format == "html":
        shutil.copy(found(), Path(app.outdir, "_static", FILE))


def setup(app):
    app.config.mathjax_path = FILE
    app.config.mathjax3_config = {
        "options": {"enableMenu": False},
        "svg": {"fontCache": "local", "scale": 0.95},
    }
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
