"""What Sphinx and numpydoc do anew for each page and each docstring, and need do only once.

The stem of a word, for the search, is found again for each page that has it; the template of a
docstring is compiled again for each docstring.
"""

import functools

from numpydoc import docscrape_sphinx
from sphinx import search
from sphinx.search.en import SearchEnglish


class English(SearchEnglish):
    """That remembers the stems it has found."""

    def __init__(self, options):
        super().__init__(options)
        self.stem = functools.cache(super().stem)


class Environment(docscrape_sphinx.SandboxedEnvironment):
    """One of many, of which each would read and compile the same templates."""

    compiled = {}  # noqa: RUF012

    def get_template(self, name, *args):
        if name not in self.compiled:
            self.compiled[name] = super().get_template(name, *args)
        return self.compiled[name]


def setup(app):
    search.languages["en"] = English
    docscrape_sphinx.SandboxedEnvironment = Environment
    return {"parallel_read_safe": True, "parallel_write_safe": True}
