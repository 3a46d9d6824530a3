"""Pages are whole or as they were."""

import errno
import os

import numpy as np
import pytest

import tinyae as tae
from tinyae import plot

X = np.random.default_rng(0).normal(size=(20, 3))
WRITE = {
    "page": lambda path: plot.page(tae.PCA(2).fit(X), X, path=path),
    "backprop_page": lambda path: plot.backprop_page(tae.models.deep((3, 2)), X[0], path=path),
}


@pytest.mark.parametrize("name", WRITE)
def test_a_page_that_fails_leaves_the_one_that_was_there(name, tmp_path, monkeypatch):
    path = tmp_path / "a.html"
    path.write_text("before")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"a\.html"):
            WRITE[name](path)
    assert path.read_text() == "before"
    assert [*tmp_path.iterdir()] == [path]
    assert WRITE[name](path) == path
    assert path.read_text("utf-8").startswith("<!")
