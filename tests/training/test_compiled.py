"""The compiled trainer: how many threads it has, and how many samples each takes at a time."""

import pytest

from tests.support.small_models import small_model
from tinyae.engine import tuning
from tinyae.engine.program import Program
from tinyae.training import compiled
from tinyae.training.compiled import make_trainer


@pytest.fixture(autouse=True)
def _without_jit_too(monkeypatch):
    monkeypatch.setattr(compiled, "thread_count", lambda threads: threads)


@pytest.mark.parametrize(
    ("batch", "threads"), [(1, 1), (10, 1), (19, 1), (20, 2), (29, 2), (30, 3), (41, 4), (500, 4)]
)
def test_there_is_a_thread_for_so_many_operations(batch, threads, monkeypatch):
    """Of which a step has about three times those of a forward pass."""
    model = small_model(threads=4)
    operations = Program(model.layers).operations
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 3 * operations * 10)
    trainer = make_trainer(model, batch)
    trainer.close()
    assert trainer.threads == threads
    assert trainer.capacity == -(-batch // threads)


def test_no_thread_is_without_a_sample(monkeypatch):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    trainer = make_trainer(small_model(threads=4), 3)
    trainer.close()
    assert (trainer.threads, trainer.capacity) == (3, 1)
