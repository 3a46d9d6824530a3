"""What tests of the command line share."""

import re

import numpy as np

import tinyae as tae


def fails(result, message, code=1):
    """It ended with that exit code and one line that says why."""
    assert result[0] == code
    assert result[1] == ""
    lines = result[2].splitlines()
    assert len(lines) == 1, result[2]
    assert re.search(message, lines[0]), lines[0]
    assert lines[0].startswith("tinyae: ")


def samples(n=60, features=6, seed=0):
    return np.random.default_rng(seed).random((n, features)).astype(np.float32)


def saved_model(path="model.npz", **options):
    model = tae.Autoencoder(
        [tae.Dense(4, "tanh"), tae.Dense(2)], [tae.Dense(6)], input_shape=(6,), **options
    )
    model.save(path)
    return model
