"""The engine's paths through a step, which the smallest model is made to take."""

import pytest

EAGER = pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
# In threads of their own, and with the weights' gradients apart from the backward pass
PATHS = {"one": (1, 1 << 30), "threads": (2, 1 << 30), "apart": (2, 0), "apart alone": (1, 0)}


def take(path, monkeypatch):
    """Have models take that path; how many threads it needs."""
    number, apart = PATHS[path]
    monkeypatch.setattr("tinyae.engine.tuning.THREAD_OPERATIONS", 1)
    monkeypatch.setattr("tinyae.engine.tuning.APART_PARAMETERS", apart)
    return number
