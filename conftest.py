"""What the docstrings' examples run in."""

import pytest


@pytest.fixture(autouse=True)
def a_users_module(doctest_namespace):
    """Classes that an example defines are a user's, not those of the module that it stands in."""
    doctest_namespace["__name__"] = "example"
