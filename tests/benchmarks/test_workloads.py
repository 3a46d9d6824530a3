"""The benchmarks' workloads, their data and initial weights."""

import numpy as np
import pytest

from benchmarks.workloads.catalogue import WORKLOADS
from benchmarks.workloads.data import data_for, digits
from benchmarks.workloads.initial_weights import weights_for
from benchmarks.workloads.series import SERIES
from benchmarks.workloads.tinyae_models import BLAS, LOOP, TILES, way
from tests.support.jit import needs_jit
from tinyae.tiles import tiles

PARAMETERS = {
    "gauss2d": 1_003,
    "sine": 8_835,
    "latent2d": 1_087_586,
    "wide2048": 7_410_448,
    "sigmoid": 218_192,
    "sparse": 111_680,
    "vae": 815_824,
    "conv": 48_770,
    "convdense": 141_073,
    **dict.fromkeys(("dictionary", "dictionary128"), 4_198_912),
    "encode1": 543_402,
    "encode10k": 543_402,
}


@pytest.fixture
def bundled_only(monkeypatch):
    """As where MNIST is not at hand."""
    monkeypatch.delenv("TINYAE_DATA", raising=False)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_counts(name):
    pairs = [pair for pair in weights_for(WORKLOADS[name]) if pair is not None]
    assert sum(kernel.size + bias.size for kernel, bias in pairs) == PARAMETERS[name]


@needs_jit
def test_by_what_products_are_is_said(monkeypatch):
    monkeypatch.setattr(tiles, "processor_has", lambda feature: True)
    assert way(WORKLOADS["gauss2d"]) == f"{TILES}, in lanes, 1 thread"
    assert way(WORKLOADS["latent2d"]) == f"{TILES}, by units, 2 threads"
    tiled = {name for name in WORKLOADS if way(WORKLOADS[name]).startswith(TILES)}
    dense = {"gauss2d", "sine", "latent2d", "wide2048", "sigmoid", "sparse", "vae"}
    assert tiled == dense | {"conv", "convdense"}
    monkeypatch.setattr(tiles, "processor_has", lambda feature: False)
    assert way(WORKLOADS["gauss2d"]) == f"{BLAS}, by samples, 1 thread"
    assert way(WORKLOADS["conv"]) == f"{BLAS}, by samples, 2 threads"
    assert way(WORKLOADS["wide2048"]) == f"{BLAS}, apart, 2 threads"
    assert way(WORKLOADS["encode1"]) == LOOP
    assert way(WORKLOADS["encode10k"]) == BLAS


def test_the_components_have_no_initial_weights():
    assert {name for name in WORKLOADS if name not in PARAMETERS} == {"pca2", "pca64"}
    assert weights_for(WORKLOADS["pca2"]) == []


@pytest.mark.usefixtures("bundled_only")
@pytest.mark.parametrize("name", [name for name in WORKLOADS if not name.startswith("pca")])
def test_data(name):
    workload = WORKLOADS[name]
    data = data_for(workload)
    assert data.dtype == np.float32
    if workload.task == "train":
        assert data.shape == (workload.count, workload.batch, *workload.shape)
        samples = data.reshape(workload.count * workload.batch, -1)
        assert len(np.unique(samples, axis=0)) > 0.99 * len(samples)
    else:
        assert data.shape == (workload.samples, 784)


@pytest.mark.usefixtures("bundled_only")
def test_the_bundled_digits_are_repeated_where_there_are_too_few():
    x = digits(6002)
    np.testing.assert_array_equal(x[6000:], x[:2])
    assert not np.array_equal(digits(2), digits(2, test=True))


@pytest.mark.parametrize("series", SERIES.values(), ids=list(SERIES))
def test_every_point_of_a_series_can_be_built(series):
    for point in series.points[:2]:
        workload = series.workload(point)
        shape = data_for(workload).shape
        assert shape == (workload.count, workload.batch, *workload.shape)
        assert len(weights_for(workload)) == len(workload.layers)
