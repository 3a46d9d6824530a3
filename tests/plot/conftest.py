"""Each test draws on figures of its own, which are closed after it."""

import pytest
from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.figure().add_subplot()
