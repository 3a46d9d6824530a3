"""Shared by all tests: one cache folder for compiled kernels, no display, the real data."""

import os
import signal

import hypothesis
import pytest

from tests.support.fork_server import ForkServer
from tests.support.small_models import PlainMSE
from tests.support.ways import WAYS, take

os.environ.setdefault("MPLBACKEND", "Agg")

collect_ignore = ["support/rank_program.py"]  # it asks for MPI

# A shell lets its background jobs, and all that they start, ignore Ctrl-C, which tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Kernels compile inside the first example that meets them, so a time limit per example is noise;
# a fixed seed keeps a red run reproducible.
hypothesis.settings.register_profile("tinyae", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("tinyae")


def pytest_collection_modifyitems(items):
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        for item in items:
            if item.get_closest_marker("large"):
                item.add_marker(pytest.mark.skip(reason="too much work for plain Python"))


@pytest.fixture
def loss(request, monkeypatch):
    """With which a dense model trains this way: see tests/support/small_models.py."""
    if request.param in WAYS:
        take(request.param, monkeypatch)
    return PlainMSE() if request.param == "eager" else "mse"


@pytest.fixture(scope="session")
def execute():
    """Executes a history of steps in a process of its own."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    server = ForkServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def mnist_folder():
    """The folder with the four MNIST files, from TINYAE_DATA; tests that need it skip without."""
    folder = os.environ.get("TINYAE_DATA")
    if not folder:
        pytest.skip("TINYAE_DATA does not name a folder with the MNIST files")
    return folder
