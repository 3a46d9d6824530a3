"""Shared by the tests of the examples: where they are, and their import."""

import argparse
import importlib
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def examples():
    """The folder of the examples."""
    return EXAMPLES


@pytest.fixture
def example(monkeypatch):
    """Imports an example by its name, as Python does for a script's neighbours."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module


@pytest.fixture
def options(tmp_path):
    """What an example's command line gives, with a folder for pictures that is not there yet."""
    return argparse.Namespace(out=tmp_path / "new" / "folder", full=False, seed=0)
