"""Shared by the tests of the benchmarks: results to report, and a folder for processes."""

import pytest

from benchmarks.harness import handover
from benchmarks.workloads.data import data_for
from benchmarks.workloads.initial_weights import weights_for
from tests.support.benchmark_results import made_up
from tests.support.tiny_workload import TINY


@pytest.fixture
def folder(tmp_path):
    """Filled for a tiny workload, as a contender's process is given it."""
    handover.write(tmp_path, TINY, data_for(TINY), weights_for(TINY))
    return tmp_path


@pytest.fixture
def workloads():
    """Training with many peers, and an encoder with one that died."""
    train = {
        "JAX jit": [30e-6, 60e-6, 90e-6],
        "tinyae": [10e-6, 20e-6, 20e-6],
        "JAX scan": [20e-6, 50e-6, 50e-6],
        "PyTorch compile": [1e-3, 1e-3, 2e-3],
    }
    encode = {"tinyae": [0.02, 0.02, 0.02], "scikit-learn rand.": [0.01, 0.02, 0.01]}
    died = {"onnxruntime": "RuntimeError: " + "x" * 100}
    return {
        "gauss2d": made_up(train, cold=12.5),
        "encode10k": made_up(encode, "call", left_out=died),
    }


@pytest.fixture
def scaling():
    """One series."""
    return {
        "batch": {
            "about": "a step of sigmoid",
            "points": [32, 1024],
            "seconds": {"tinyae": [1e-3, 0.02], "JAX scan": [2e-3, None]},
            "slope": {"tinyae": 0.864, "JAX scan": None},
        }
    }
