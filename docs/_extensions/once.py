"""What Sphinx and numpydoc do anew for each page and each docstring, and need do only once.

The stem of a word, for the search, is found again for each page that has it; the template of a
docstring is compiled again for each docstring.
"""

import functools

from jinja2 import FileSystemLoader
from jinja2.sandbox import SandboxedEnvironment
from numpydoc import docscrape_sphinx
from sphinx import search
from sphinx.jinja2glue import BuiltinTemplateLoader
from sphinx.search.en import SearchEnglish


class English(SearchEnglish):
    """That remembers the stems it has found."""

    def __init__(self, options):
        super().__init__(options)
        self.stem = functools.cache(super().stem)


@functools.cache
def environment_of(*folders):
    """The one environment for templates in these folders, which remembers what it has compiled."""
    return SandboxedEnvironment(loader=FileSystemLoader(folders))


def environment(loader):
    """In place of a new environment for each docstring, in a build of the book or outside."""
    loaders = loader.loaders if isinstance(loader, BuiltinTemplateLoader) else [loader]
    return environment_of(*(folder for each in loaders for folder in each.searchpath))


def setup(app):
    search.languages["en"] = English
    docscrape_sphinx.SandboxedEnvironment = environment
    return {"parallel_read_safe": True, "parallel_write_safe": True}
