"""Ways through compiled training, whatever the model's size and the processor."""

import pytest

from tinyae.engine import tuning
from tinyae.system.numba_parts import DISABLED
from tinyae.tiles import tiles

WAYS = ("samples", "apart") if DISABLED else ("samples", "apart", "units", "lanes")
EACH_WAY = pytest.mark.parametrize("way", WAYS)
EAGER = pytest.mark.parametrize("eager", [False, True], ids=["compiled", "eager"])
# With how many threads
PATHS = {
    "one": ("samples", 1),
    "threads": ("samples", 2),
    "apart": ("apart", 2),
    "apart alone": ("apart", 1),
}


def limits(way):
    """What to set for models that can to go this way: objects, names and values."""
    return [
        (tuning, "APART_PARAMETERS", 0 if way == "apart" else 1e9),
        (tuning, "UNITS_PARAMETERS", 0 if way == "units" else 1e9),
        (tuning, "UNITS_ROWS", 1),
        (tuning, "LANES_UNITS", 1e9 if way == "lanes" else 0),
        (tuning, "LANES_OPERATIONS", 0),
        (tuning, "LANES_ROWS", 1),
        (tiles, "processor_has", lambda feature: True),
    ]


def take(way, monkeypatch):
    """Have models that can go this way."""
    for limit in limits(way):
        monkeypatch.setattr(*limit)


def take_path(path, monkeypatch):
    """Have even the smallest models take that path; how many threads it needs."""
    way, threads = PATHS[path]
    take(way, monkeypatch)
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    return threads
