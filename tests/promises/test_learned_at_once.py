"""Ctrl-C at any place leaves what it was before, or all of what was to be learned."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.interrupts import interrupted_at
from tests.support.invariants import frozen

X = np.random.default_rng(0).random((12, 6))


def chain():
    return tae.Sequential([tae.Sequential([tae.Dense(3)]), tae.Dense(2)])


def assign(name, value):
    return lambda owner: setattr(owner, name, value)


# How to make it, and what is called
LEARNING = {
    "PCA.fit": (lambda: tae.PCA(2).fit(X + 1), lambda pca: pca.fit(X)),
    "PCA.partial_fit": (lambda: tae.PCA(2).partial_fit(X + 1), lambda pca: pca.partial_fit(X)),
    "PCA.n_components": (lambda: tae.PCA(4).fit(X), assign("n_components", 2)),
    "GaussianSampler.fit": (lambda: tae.GaussianSampler().fit(X**2), lambda one: one.fit(X)),
    "AnomalyDetector.fit": (
        lambda: tae.AnomalyDetector(tae.PCA(2).fit(X)).fit(X + 1),
        lambda one: one.fit(X),
    ),
    "Dense.build": (lambda: tae.Dense(3), lambda layer: layer.build((6,))),
    "Sequential.build": (chain, lambda one: one.build((6,))),
}


@pytest.mark.parametrize("name", LEARNING)
def test_what_is_learned_is_learned_at_once(name):
    make, learn = LEARNING[name]
    whole, broken = make(), []
    places = interrupted_at({}, lambda: learn(whole)).places
    allowed = [frozen(make()), frozen(whole)]
    for place in range(1, places + 1):
        one = make()
        where = interrupted_at(place, lambda one=one: learn(one)).where
        if frozen(one) not in allowed:
            broken.append(where)
    assert places > 10
    assert not broken
