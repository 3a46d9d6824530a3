"""How the book is built: ``sphinx-build -W docs docs/_build``.

``-D plot_gallery=0`` leaves out running the examples, which takes most of the time.
"""

import gc
import sys
from pathlib import Path

here = Path(__file__).parent
sys.path[:0] = [str(here / "_extensions"), str(here.parent)]

gc.disable()  # trees of pages are many objects, and none of them becomes garbage

import gallery_scripts  # noqa: E402
import members  # noqa: E402

import tinyae  # noqa: E402

project, author, copyright = "tinyae", "The tinyae developers", "The tinyae developers"
version = release = tinyae.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "cells",
    "downloads",
    "mathjax_inside",
    "once",
    "plain_docstrings",
    "plain_signatures",
    "two_at_a_time",
]
exclude_patterns = ["_build", "gallery/scripts", "**/sg_execution_times.rst"]
templates_path, html_static_path = ["_templates"], ["_static"]

# Pages
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
html_theme, html_title = "pydata_sphinx_theme", "tinyae"
html_context = {"default_mode": "auto"}
html_css_files = ["book.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # it would fetch pages, which a folder without a server cannot
html_theme_options = {
    "header_links_before_dropdown": 9,
    "navbar_align": "left",
    "navbar_persistent": ["search-button-field"],
    "navbar_end": ["theme-switcher"],
    "show_nav_level": 1,
    "secondary_sidebar_items": ["page-toc", "downloads"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {
    page: [] for page in ("index", "what_there_is", "exercises/index", "benchmarks/index")
}

# Reference
autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"  # left to plain_signatures
maximum_signature_line_length = 80
toc_object_entries_show_parents = "hide"  # there is no room for them
autodoc_inherit_docstrings = False  # what a layer defines anew stands on the page of Layer
autodoc_default_options = {
    "members": True,
    "inherited-members": ", ".join(sorted(members.bases_elsewhere())),
    "exclude-members": ", ".join(members.MACHINERY.split()),
}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
default_role = "autolink"
nitpicky = True
nitpick_ignore_regex = [
    # The types in signatures: other libraries', whose pages are not in the book, and tinyae's own
    # names for unions. What a page or a docstring names on purpose is an obj, never a class.
    ("py:class", r"(?!tinyae\.).*"),
    # A word in backticks may be an argument, or an attribute that its class's table tells of.
    ("py:obj", r"[a-z_]+"),
]

# Gallery
sphinx_gallery_conf = gallery_scripts.configuration(here)


def setup(app):
    # What is left at the end is not searched for garbage either, which Python would do once more.
    app.connect("build-finished", lambda app, error: gc.freeze())
