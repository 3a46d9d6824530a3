"""The loop's parts, called one after the other: what threads do at once, done without threads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import types

import tinyae as tae
from tinyae.engine import gradients, loop, tuning, updates
from tinyae.engine.program import Program
from tinyae.feeding.batches import Stretch
from tinyae.machine.calls import NONE, address_for, call_at
from tinyae.machine.jit import kernel
from tinyae.machine.references import refer, reference_type
from tinyae.maths.constraints import NOWHERE
from tinyae.maths.loss import loss_address
from tinyae.maths.optimizers import step_address
from tinyae.network import backprop
from tinyae.network.chain import training_chain
from tinyae.system.numba_parts import DISABLED
from tinyae.training.eager import EagerTrainer

BOUNDS = np.array([0, 7, 14, 19])
BLOCKS = [1, 7, updates.UPDATE_BLOCK] if DISABLED else [updates.UPDATE_BLOCK]  # it is compiled in


def data():
    return np.random.default_rng(0).normal(size=(2, 19, 4))


def model_and_run(threads, apart, capacity):
    """A model with noise and a frozen layer, and what threads share while they train it."""
    penalised = tae.Dense(6, "tanh", activity_regularizer=tae.L2(0.3))
    layers = [tae.GaussianNoise(0.3), penalised, tae.Dense(5), tae.Dense(3)]
    layers[2].trainable = False
    optimizer, dtype = tae.Adam(0.1), np.dtype(np.float64)
    model = tae.Autoencoder(layers, [tae.Dense(4)], (4,), optimizer=optimizer, dtype=dtype)
    chain = training_chain(model.layers, model.loss)
    table, size = Program(chain.layers).layout(capacity, keep=apart)
    x, target = data()
    return model, loop.Run(
        add_gradients=NONE,
        update=NONE,
        between=NONE,
        constrain=NONE,
        regularize=NONE,
        table=table,
        capacity=capacity,
        apart=int(apart),
        values=np.full((1 if apart else threads, size), np.nan),
        loss=loss_address(model.loss.kernel, dtype),
        weighing=NONE,
        loss_settings=model.loss.kernel_numbers(),
        optimizer=step_address(optimizer.kernel, dtype),
        settings=optimizer.numbers_by_step(3, 1),
        clip=0.0,
        clip_together=0,
        arrays=np.empty((0, 2), np.int64),
        squares=np.empty((threads, 0)),
        constrained=NOWHERE,
        parameters=model.parameters,
        gradients=np.zeros((1 if apart else threads, model.parameters.size)),
        slots=model.slots,
        x=x.reshape(-1),
        target=target.reshape(-1),
        rows=np.empty(0, np.int64),
        all_x=np.empty(0),
        all_targets=np.empty(0),
        weights=np.empty((0, 0)),
        totals=np.diff(BOUNDS) * float(target[0].size),
        bounds=BOUNDS,
        samples=np.diff(BOUNDS).astype(np.int64),
        positions=np.zeros(len(BOUNDS) - 1, np.int64),
        first_step=4,
        optimizer_step=3,
        gains=np.ones((1, len(table))),
        losses=np.zeros((threads, len(BOUNDS) - 1, 3)),
        sums=np.empty(capacity * (3 + 2 * threads)),
        sync=np.zeros(loop.SYNC_SIZE, np.int64),
    )


@kernel
def call(address, run, thread, index):
    """A part of a step, as the loop calls it."""
    call_at(address, (run, thread, index))


def do(part, run, thread, index):
    address = address_for(part, (reference_type(run), types.int64, types.int64))
    call(address, refer(run), thread, index)


@np.errstate(over="ignore")  # as in compiled code
def add_and_update(run, index, apart):
    """One mini-batch, one thread after the other."""
    for part in (gradients.add_gradients, updates.update_apart if apart else updates.update):
        for thread in range(len(run.losses)):
            do(part, run, thread, index)


@pytest.mark.parametrize("threads", [1, 3, 5])
@pytest.mark.parametrize("apart", [False, True])
def test_without_an_optimizer_the_gradient_stays(threads, apart):
    model, run = model_and_run(threads, apart, capacity=7 if apart else 2)
    before, (x, target) = model.parameters.copy(), data()
    add_and_update(run._replace(optimizer=NONE), 1, apart)
    chain = training_chain(model.layers, model.loss)
    eager = EagerTrainer(chain, model.parameters, model.gradient, model.slots)
    eager.loss_and_gradient(x[7:14], target[7:14], True, 5)
    np.testing.assert_allclose(run.gradients[0], model.gradient, rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(model.parameters, before)


@pytest.mark.parametrize("threads", [1, 3, 5])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("block", BLOCKS)
def test_what_threads_do_is_one_step(threads, apart, block, monkeypatch):
    monkeypatch.setattr(updates, "UPDATE_BLOCK", block)
    monkeypatch.setattr(updates, "UPDATE_ROWS", 1)
    model, run = model_and_run(threads, apart, capacity=7 if apart else 2)
    twin = model.copy()
    for index in range(len(BOUNDS) - 1):
        add_and_update(run, index, apart)
        trained = [op for op in run.table if op.trainable]
        for op in trained:  # ready for the next mini-batch to add into
            assert not run.gradients[:, op.w : op.w + op.w_size].any()
    chain = training_chain(twin.layers, twin.loss)
    eager = EagerTrainer(chain, twin.parameters, twin.gradient, twin.slots)
    losses = eager.run(Stretch(*data(), BOUNDS, 4, 3), twin.optimizer)
    np.testing.assert_allclose(run.losses.sum(axis=0)[:, : eager.columns], losses, rtol=1e-12)
    np.testing.assert_allclose(model.parameters, twin.parameters, rtol=1e-9)
    np.testing.assert_allclose(model.slots, twin.slots, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("capacity", [1, 2, 3, 19])
@pytest.mark.parametrize("stretch", [4, 19])
def test_samples_are_taken_in_chunks_that_end_where_they_end(capacity, stretch, monkeypatch):
    """All in order, each once, and nothing is written behind the last."""
    model, (x, target) = model_and_run(1, False, 2)[0], data()
    program = Program(model.layers)
    monkeypatch.setattr(Program, "capacity", lambda self, rows, room=None: min(rows, capacity))
    monkeypatch.setattr(tuning, "CALL_NUMBERS", stretch * (program.inputs + program.outputs))
    expected = backprop.forward(model.layers, x)[0]
    np.testing.assert_allclose(program.predict(x, model.parameters, 1), expected, rtol=1e-12)
    sums, (penalty, _) = program.evaluate(x, target, model.parameters, model.loss, 1)
    np.testing.assert_allclose(sums, ((expected - target) ** 2).sum(axis=1), rtol=1e-12)
    code = model.layers[1].forward(x)[0]
    assert penalty == pytest.approx(0.3 * (code**2).sum(), rel=1e-12)


@np.errstate(all="ignore")  # as in compiled code
@pytest.mark.parametrize("row", [0, 3, 6])
def test_one_number_that_is_not_finite_is_found_in_any_chunk(row, monkeypatch):
    model = tae.Autoencoder([tae.Dense(3)], [tae.Dense(4)], (4,), dtype="float64")
    model.parameters[...] = 1
    monkeypatch.setattr(Program, "capacity", lambda self, rows, room=None: 2)
    x = np.ones((7, 4))
    x[row, 0] = 1e307
    assert np.isfinite(Program(model.layers).predict(x, model.parameters, 1)).all()
    x[row] = 1e308
    with pytest.raises(ValueError, match="an output is beyond float64"):
        Program(model.layers).predict(x, model.parameters, 1)


def test_a_thread_that_is_told_to_stop_adds_no_more():
    _, run = model_and_run(1, False, 2)
    run.sync[loop.STOP] = 1
    do(gradients.add_gradients, run, 0, 0)
    assert not run.gradients.any()
    assert run.sync[loop.CANCELLED]  # so that the others stop, too


@pytest.mark.parametrize("told", [None, loop.CANCELLED, loop.ABORT])
def test_a_step_is_taken_if_all_have_added(told):
    _, run = model_and_run(1, False, 2)
    if told is not None:
        run.sync[told] = 1  # by another thread, or by the caller for one that failed
    assert loop.all_added(run, 0) == (told is None)


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("loss", [np.nan, np.inf, -np.inf])
def test_a_step_whose_loss_is_not_finite_is_not_taken(loss, part):
    _, run = model_and_run(1, False, 2)
    run.losses[0, 0, part] = loss
    with np.errstate(invalid="ignore"):  # as in compiled code
        assert not loop.all_added(run, 0)
    assert loop.all_added(run, 1)


def test_steps_are_counted_by_one_thread():
    _, run = model_and_run(1, False, 2)
    loop.finish(run, 0, 6)
    assert run.sync[loop.COMPLETED] == 7
    loop.finish(run, 1, 9)
    assert run.sync[loop.COMPLETED] == 7


@given(st.integers(0, 50), st.integers(1, 9))
def test_shares_are_nearly_equal_and_all_there_is(size, parts):
    bounds = [loop.share(size, part, parts) for part in range(parts)]
    assert [low for low, _ in bounds] == [0, *(high for _, high in bounds[:-1])]
    assert bounds[-1][1] == size
    sizes = [high - low for low, high in bounds]
    assert max(sizes) - min(sizes) <= 1
