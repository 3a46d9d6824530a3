"""The benchmarks' contenders: who is asked, and those that need no peer."""

import dataclasses

import numpy as np
import pytest

from benchmarks.contenders import numpy_, tinyae_
from benchmarks.contenders.rules import stretch
from benchmarks.contenders.table import CONTENDERS
from benchmarks.harness import agreement
from benchmarks.harness.worker import load
from benchmarks.workloads.catalogue import WORKLOADS
from benchmarks.workloads.data import data_for, digits
from benchmarks.workloads.initial_weights import weights_for
from benchmarks.workloads.kinds import Components, Encoding, all_dense

DENSE = [name for name, each in WORKLOADS.items() if each.task == "train" and all_dense(each)]


def given(workload):
    return workload, data_for(workload), weights_for(workload)


@pytest.mark.parametrize("name", DENSE)
def test_plain_numpy_agrees_with_tinyae(name):
    workload = WORKLOADS[name]
    parts = given(workload)
    ours, theirs = tinyae_.Train(*parts), numpy_.Train(*parts)
    np.testing.assert_allclose(theirs.check(), ours.check(), rtol=1e-5)
    ours.run(3)
    theirs.run(3)
    trained = [array for layer in ours.model.layers for array in layer.weights.values()]
    moved = [np.abs(a - b).max() for a, b in zip(trained, theirs.given, strict=True)]
    assert 2e-3 < max(moved) < 4e-3  # three steps of Adam
    for mine, other in zip(trained, theirs.weights, strict=True):
        np.testing.assert_allclose(mine, other, atol=2e-5)


def test_plain_numpy_encodes_like_tinyae():
    parts = given(dataclasses.replace(WORKLOADS["encode1"], samples=5))
    ours, theirs = tinyae_.Encode(*parts).check(), numpy_.Encode(*parts).check()
    assert ours.shape == (5, 2)
    assert agreement.disagreement(theirs, ours, "encode") < 1e-5
    parts[2][1][1][0] += 1  # one bias
    assert agreement.disagreement(numpy_.Encode(*parts).check(), ours, "encode") > 1e-4


def test_plain_numpy_finds_the_same_components():
    parts = Components("few", 3), digits(400)[:, 300:340].copy(), []
    ours, theirs = tinyae_.Components(*parts).check(), numpy_.Components(*parts).check()
    for got, want, tolerance in zip(theirs, ours, agreement.TOLERANCES["pca"], strict=True):
        assert agreement.disagreement(np.array(got), want, "pca") < tolerance
    swapped = theirs[1][[0, 2, 1]]
    assert agreement.disagreement(swapped, ours[1], "pca") > 0.9


def test_who_is_asked_for_what():
    def asked(workload):
        return {name for name, contender in CONTENDERS.items() if contender.part(workload)}

    assert "NumPy" in asked(WORKLOADS["sparse"])
    assert "NumPy" not in asked(WORKLOADS["conv"])
    assert "scikit-learn" not in asked(WORKLOADS["sparse"])
    assert asked(WORKLOADS["pca2"]) == {"tinyae", "NumPy", "scikit-learn", "scikit-learn rand."}
    assert load(CONTENDERS["NumPy"].part(WORKLOADS["sine"])) == (numpy_.touch, numpy_.Train)
    assert not CONTENDERS["NumPy"].missing()


def test_a_missing_package_is_named(monkeypatch):
    contender = dataclasses.replace(CONTENDERS["NumPy"], packages=("numpy", "no_such_package"))
    assert contender.missing() == ["no_such_package"]


def test_an_encoder_is_a_workload_of_its_own():
    assert isinstance(WORKLOADS["encode1"], Encoding)
    assert not CONTENDERS["PyTorch fused"].part(WORKLOADS["encode1"])


def test_a_call_takes_many_small_steps_or_one_large():
    def steps(name):
        workload = WORKLOADS[name]
        return stretch(workload, np.empty((2, workload.batch, *workload.shape)), most=256)

    assert [steps(name) for name in ("gauss2d", "latent2d", "conv")] == [256, 51, 1]
