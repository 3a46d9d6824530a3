"""The order of samples: passes, mini-batches, epochs and the stream, as seen from outside.

Sample i holds the number i, and a loss that records its targets shows who was in which mini-batch.
"""

import numpy as np
import pytest

import tinyae as tae
from tinyae.feeding.batches import Batches, Progress

SEED = 5


class Recorder:
    """Mean squared error that remembers which samples each mini-batch held."""

    def __init__(self):
        self.batches = []

    def value_and_gradient(self, output, target):
        self.batches.append(target[:, 0].astype(int).tolist())
        difference = output - target
        return float(np.mean(difference**2)), 2 * difference / difference.size


def recording_model(seed=SEED):
    return tae.Autoencoder(
        [tae.Dense(1)],
        [tae.Dense(1)],
        input_shape=(1,),
        loss=Recorder(),
        optimizer=tae.SGD(1e-9),
        seed=seed,
    )


def numbered(n):
    return np.arange(n, dtype=np.float32).reshape(n, 1)


def order(n, pass_):
    return np.random.default_rng([SEED, 1, pass_]).permutation(n).tolist()


def passes_in_a_row(n, passes):
    return [row for p in range(passes) for row in order(n, p)]


def cut(rows, size):
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def test_an_epoch_is_one_pass_whose_last_batch_is_smaller():
    ae = recording_model()
    ae.fit(numbered(11), epochs=3, batch_size=4, verbose=0)
    assert ae.loss.batches == [batch for p in range(3) for batch in cut(order(11, p), 4)]
    assert [len(batch) for batch in ae.loss.batches[:3]] == [4, 4, 3]


def test_each_sample_is_seen_once_in_each_pass_and_passes_differ():
    ae = recording_model()
    ae.fit(numbered(20), epochs=4, batch_size=3, verbose=0)
    passes = np.concatenate(ae.loss.batches).reshape(4, 20)
    assert (np.sort(passes, axis=1) == np.arange(20)).all()
    assert len({tuple(p) for p in passes}) == 4


def test_without_shuffle_samples_come_in_their_own_order():
    ae = recording_model()
    ae.fit(numbered(7), epochs=2, batch_size=3, shuffle=False, verbose=0)
    assert ae.loss.batches == 2 * [[0, 1, 2], [3, 4, 5], [6]]


@pytest.mark.parametrize("batch_size", [5, 6, 100])
def test_batch_size_is_clipped_to_the_data(batch_size):
    ae = recording_model()
    ae.fit(numbered(5), epochs=2, batch_size=batch_size, verbose=0)
    assert ae.loss.batches == [order(5, 0), order(5, 1)]


def test_steps_per_epoch_takes_full_batches_of_one_stream_across_passes_and_fits():
    ae = recording_model()
    ae.fit(numbered(7), epochs=2, steps_per_epoch=3, batch_size=4, verbose=0)
    ae.fit(numbered(7), epochs=1, steps_per_epoch=5, batch_size=4, verbose=0)
    ae.fit(numbered(7), epochs=1, steps_per_epoch=2, batch_size=2, verbose=0)
    stream = passes_in_a_row(7, 8)
    assert ae.loss.batches == cut(stream[:44], 4) + cut(stream[44:48], 2)
    assert ae.progress.step == 13
    assert ae.progress.pass_ * 7 + ae.progress.position == 48


def test_stream_with_batches_as_large_as_the_data_is_whole_passes():
    ae = recording_model()
    ae.fit(numbered(6), epochs=1, steps_per_epoch=3, batch_size=50, verbose=0)
    assert ae.loss.batches == [order(6, p) for p in range(3)]


def test_stream_without_shuffle_wraps_round():
    ae = recording_model()
    ae.fit(numbered(5), epochs=2, steps_per_epoch=2, batch_size=3, shuffle=False, verbose=0)
    assert ae.loss.batches == [[0, 1, 2], [3, 4, 0], [1, 2, 3], [4, 0, 1]]


def test_passes_go_on_from_fit_to_fit():
    ae = recording_model()
    for _ in range(3):
        ae.fit(numbered(6), batch_size=6, verbose=0)
    assert ae.loss.batches == [order(6, p) for p in range(3)]


def test_whole_epochs_after_a_broken_pass_of_the_stream_begin_with_a_new_pass():
    ae = recording_model()
    ae.fit(numbered(6), steps_per_epoch=1, batch_size=4, verbose=0)  # 4 of pass 0
    ae.fit(numbered(6), batch_size=6, verbose=0)
    assert ae.loss.batches == [order(6, 0)[:4], order(6, 1)]


def test_stream_on_less_data_than_the_position_begins_a_new_pass():
    ae = recording_model()
    ae.fit(numbered(10), steps_per_epoch=1, batch_size=8, verbose=0)
    ae.fit(numbered(5), steps_per_epoch=1, batch_size=5, verbose=0)
    assert ae.loss.batches == [order(10, 0)[:8], order(5, 1)]


def test_the_callers_numbers_decide_nothing_but_the_seed_does():
    np.random.seed(1)  # noqa: NPY002
    ae, other = recording_model(), recording_model(SEED + 1)
    for model in (ae, other):
        model.fit(numbered(9), batch_size=9, verbose=0)
    assert ae.loss.batches == [order(9, 0)]
    assert other.loss.batches != ae.loss.batches


@pytest.mark.parametrize("steps_per_epoch", [None, 1, 4, 9])
@pytest.mark.parametrize("pieces", [(1,), (2, 3), (50,), (7, 1, 1, 13)])
def test_stretches_of_any_length_cut_the_same_batches_and_epochs(steps_per_epoch, pieces):
    n, size, total_epochs = 11, 4, 6
    progress = Progress()
    batches = Batches(n, size, steps_per_epoch, True, SEED, progress)
    rows, sizes, epoch_ends, epochs, turn = [], [], [], total_epochs, 0
    while epochs:
        plan = batches.take(pieces[turn % len(pieces)], 10**6, epochs, False)
        before = len(sizes)
        rows += plan.rows.tolist()
        sizes += np.diff(plan.bounds).tolist()
        epoch_ends += [before + end for end in plan.epoch_ends]
        epochs -= len(plan.epoch_ends)
        batches.commit(plan, len(plan.bounds) - 1)
        turn += 1
    if steps_per_epoch is None:
        assert rows == passes_in_a_row(n, total_epochs)
        assert sizes == total_epochs * [4, 4, 3]
    else:
        stream = passes_in_a_row(n, 30)
        assert rows == stream[: total_epochs * steps_per_epoch * size]
        assert sizes == total_epochs * steps_per_epoch * [size]
    each = steps_per_epoch or 3
    assert epoch_ends == [each * (e + 1) for e in range(total_epochs)]
    assert progress.step == total_epochs * each


def test_take_alone_moves_nothing_and_a_part_can_be_committed():
    progress = Progress()
    batches = Batches(10, 4, 6, True, SEED, progress)
    plan = batches.take(5, 10**6, 1, False)
    assert progress == Progress()
    batches.commit(plan, 3)  # 12 rows: two into pass 1
    assert progress == Progress(step=3, pass_=1, position=2, optimizer_step=3)
    assert batches.epoch_share == pytest.approx(0.5)
    again = batches.take(2, 10**6, 1, False)
    assert again.rows.tolist() == plan.rows[12:].tolist()


def test_a_stretch_keeps_to_its_rows_its_epoch_and_the_epochs_left():
    batches = Batches(10, 2, None, True, SEED, Progress())
    assert len(batches.take(100, 7, 9, False).rows) == 6
    assert len(batches.take(100, 1, 9, False).rows) == 2  # one mini-batch at least
    assert batches.take(100, 10**6, 9, True).epoch_ends == [5]
    assert batches.take(100, 10**6, 3, False).epoch_ends == [5, 10, 15]
