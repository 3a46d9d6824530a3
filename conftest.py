"""What the docstrings' examples run in."""

import importlib.util
import os
import sys

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

# Extras whose folder of the package cannot be imported without them
collect_ignore_glob = [] if importlib.util.find_spec("sklearn") else ["tinyae/sklearn/*"]


@pytest.fixture(autouse=True)
def a_users_module(doctest_namespace):
    """Classes that an example defines are a user's, not those of the module that it stands in."""
    doctest_namespace["__name__"] = "example"


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
