"""Inference in the engine: on how many threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinyae as tae
from tinyae.engine import program, tuning


@pytest.mark.parametrize(
    ("rows", "workers"), [(1, []), (10, []), (19, []), (20, [2]), (30, [3]), (500, [4])]
)
def test_threads_are_used_where_there_is_work_for_them(rows, workers, monkeypatch):
    pools = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers):
            pools.append(workers)
            super().__init__(workers)

    model = tae.Autoencoder([tae.Dense(3)], [tae.Dense(4)], (4,), dtype="float64", threads=4)
    engine = program.Program(model.layers)
    monkeypatch.setattr(program, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(program, "thread_count", lambda threads: threads)  # without JIT, too
    monkeypatch.setattr(tuning, "POOL_OPERATIONS", 10 * engine.operations)
    x = np.random.default_rng(0).random((rows, 4))
    y = engine.predict(x, model.parameters, model.threads)
    assert pools == workers
    np.testing.assert_allclose(y, model.decoder.forward(model.encoder.forward(x)[0])[0])
