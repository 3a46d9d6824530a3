"""What is released: TINYAE_DIST names the folder into which it was built by ``python -m build``."""

import os
import tarfile
import zipfile
from pathlib import Path

import pytest

collect_ignore_glob = [] if os.environ.get("TINYAE_DIST") else ["test_*"]


def one(pattern):
    (path,) = Path(os.environ["TINYAE_DIST"]).glob(pattern)
    return path


@pytest.fixture(scope="session")
def wheel():
    """The wheel's files by name."""
    with zipfile.ZipFile(one("*.whl")) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.fixture(scope="session")
def sdist():
    """The source distribution's files by name, below its one folder."""
    with tarfile.open(one("*.tar.gz")) as file:
        return {
            member.name.partition("/")[2]: file.extractfile(member).read()
            for member in file
            if member.isfile()
        }
