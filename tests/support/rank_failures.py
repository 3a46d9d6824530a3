"""What may go wrong on one rank: all hear of it, none waits, and the models are as they were."""

import inspect
import signal

import numpy as np

import tinyae as tae
from tests.support.rank_scenarios import (
    OPTIONS,
    assert_all_say,
    assert_as_one,
    assert_same_bits,
    everyone,
    held_out,
    noisy,
    of_rows,
    plain,
    x,
)

STATE = ("parameters", "slots")


def refused(comm, text, on=None, kind=ValueError, change=None, data=x, **options):
    """`fit` is refused on all ranks, changes nothing, and then trains as ever."""
    options = {"comm": comm, **OPTIONS, **options}
    for build in (True, False):
        ae = noisy()
        if build:
            ae.build((6,))
        if change is not None:
            change(ae)
        before = [getattr(ae, name).copy() for name in STATE if build], ae.progress.step
        assert_all_say(comm, kind, text, lambda ae=ae: ae.fit(data, **options), on)
        assert ae.built == build
        assert ae.progress.step == before[1]
        assert not ae.history
        for name, array in zip(STATE, before[0], strict=False):
            np.testing.assert_array_equal(getattr(ae, name), array)
    ae, one = noisy(), noisy()
    ae.fit(x, comm=comm, **OPTIONS)
    one.fit(x, **OPTIONS)
    assert_as_one(comm, ae, one)


def data_of_one_rank(comm):
    last = comm.size - 1
    bad = x.copy()
    bad[5, 2] = np.nan
    refused(comm, "row 5", last, data=bad if comm.rank == last else x)
    refused(comm, "row 5", last, data=bad if comm.rank == last else x, sharded=True)
    empty = x[:0] if comm.rank == last else x
    refused(comm, "x is empty", last, data=empty, sharded=True)
    weights = -of_rows if comm.rank == last else of_rows
    refused(comm, "sample_weight must", last, sample_weight=weights)


def arguments_of_one_rank(comm):
    last = comm.rank == comm.size - 1
    refused(comm, "epochs must", comm.size - 1, epochs=-1 if last else 1)
    refused(comm, "sharded must", comm.size - 1, sharded="no" if last else True)
    refused(comm, "callbacks must", comm.size - 1, callbacks=3 if last else ())


def data_and_arguments_that_differ(comm):
    first = comm.rank == 0
    if comm.size == 1:
        return
    refused(comm, "the number of samples in x must be the same", data=x if first else x[:50])
    refused(comm, "batch_size must be the same", batch_size=20 if first else 21)
    refused(comm, "sharded must be the same", sharded=first)
    refused(comm, "the weights of x must", sample_weight=of_rows if first else None)
    refused(comm, "the targets of x must", y=x.copy() if first else None)
    refused(comm, "there is validation_data must", validation_data=held_out if first else None)
    wide = np.concatenate([x, x], axis=1)
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(6 if first else 12)])
    text = "must be the same on all ranks"
    assert_all_say(comm, ValueError, text, lambda: ae.fit(x if first else wide, comm=comm))
    assert not ae.built
    assert_all_say(comm, ValueError, text, lambda: ae.evaluate(x if first else wide, comm=comm))
    assert not ae.built


def models_that_differ(comm):
    if comm.size == 1:
        return
    first, text = comm.rank == 0, "must be the same on all ranks, but is"
    for options in (
        {"seed": 3 if first else 4},
        {"loss": "mse" if first else "mae"},
        {"dtype": "float64" if first else "float32"},
        {"optimizer": tae.Adam(0.1 if first else 0.2)},
        {"activation": "sigmoid" if first else "linear"},
    ):
        ae = plain(**options)
        assert_all_say(comm, ValueError, text, lambda ae=ae: ae.fit(x, comm=comm, **OPTIONS))
        assert not ae.built
    ae = plain(input_shape=(6,))
    ae.layers[0].trainable = first
    assert_all_say(comm, ValueError, text, lambda: ae.fit(x, comm=comm, **OPTIONS))
    ae.layers[0].trainable = True
    ae.parameters[...] += comm.rank
    assert_all_say(comm, ValueError, "parameters must be", lambda: ae.evaluate(x, comm=comm))
    ae.fit(x, comm=comm, **OPTIONS)  # from rank 0's
    one = plain()
    one.fit(x, **OPTIONS)
    assert_as_one(comm, ae, one)


class Own(Exception):
    """An error of a user's own."""


def raising(comm, error, at, rank):
    """A callback that raises on one rank."""

    def callback(epoch, logs):
        if epoch == at and comm.rank == rank:
            raise error

    return callback


def callbacks_that_raise(comm):
    last = comm.size - 1
    for error, kind in (
        (ValueError("no"), ValueError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (Own("no"), Own if comm.rank == last else RuntimeError),
    ):
        ae, ended = noisy(), []
        callback = raising(comm, error, 1, last)
        callback.on_train_end = lambda ended=ended: ended.append(1)
        options = {**OPTIONS, "comm": comm, "callbacks": callback, "epochs": 9}
        text = "no" if kind is ValueError else ""
        assert_all_say(comm, kind, text, lambda ae=ae, o=options: ae.fit(x, **o), last)
        one = noisy()
        one.fit(x, **{**OPTIONS, "epochs": 2})
        assert_as_one(comm, ae, one)
        assert ended == [1]
    refusing = tae.ReduceLROnPlateau("loss")
    options = {"optimizer": tae.SGD(tae.CosineDecay(0.1, 9))}
    ae = noisy(**options)
    given = {"comm": comm, "callbacks": refusing if comm.rank == last else (), **OPTIONS}
    assert_all_say(comm, ValueError, "a learning rate that stays", lambda: ae.fit(x, **given), last)
    assert not ae.built


def a_place_that_one_rank_has_moved_from(comm):
    if comm.size == 1:
        return
    for place in ("epoch", "step", "optimizer_step", "position"):
        ae, one = noisy(), noisy()

        def callback(epoch, logs, ae=ae, place=place):
            if epoch == 1 and comm.rank > 0:
                setattr(ae.progress, place, 10)

        ae.fit(x, comm=comm, callbacks=callback, **{**OPTIONS, "epochs": 4})
        one.fit(x, **{**OPTIONS, "epochs": 4})
        assert_as_one(comm, ae, one)


def schedules_that_raise(comm):
    last = comm.size - 1

    def schedule(step):
        if step == 7 and comm.rank == last:
            raise ValueError("no rate")
        return 0.1

    ae = noisy(optimizer=tae.SGD(schedule))
    assert_all_say(comm, ValueError, "no rate", lambda: ae.fit(x, comm=comm, **OPTIONS), last)
    assert (everyone(comm, ae.progress.step) == ae.progress.step).all()
    assert_same_bits(comm, ae.parameters, ae.slots)


class Failing(tae.Layer):
    """A layer in Python that fails on one rank, in the forward pass of a step."""

    def __init__(self, fails, at):
        super().__init__()
        self.fails, self.at = fails, at

    def __repr__(self):
        return "Failing()"

    def build(self, input_shape):
        return input_shape

    def forward(self, x, training=False, step=0, first=0):
        if training and self.fails and step == self.at:
            raise Own("in a step")
        return x, None

    def backward(self, dy, cache):
        return dy


def steps_that_raise(comm):
    last = comm.size - 1
    for at in (0, 9):
        layers = [tae.Dense(3), Failing(comm.rank == last, at)]
        ae = tae.Autoencoder(layers, [tae.Dense(6)], dtype="float64", optimizer=tae.SGD(0.1))
        kind = Own if comm.rank == last else RuntimeError
        options = {**OPTIONS, "comm": comm}
        assert_all_say(comm, kind, "in a step", lambda ae=ae, o=options: ae.fit(x, **o), last)
        assert ae.progress.step <= at
        assert (everyone(comm, ae.progress.step) == ae.progress.step).all()
        assert_same_bits(comm, ae.parameters, ae.slots)
        layers[1].fails = False
        ae.fit(x, **options)
        assert_same_bits(comm, ae.parameters)


def iterators_that_end_or_differ(comm):
    last = comm.rank == comm.size - 1

    def items(number, size=20, weights=None):
        """Of which the third has another size, or weights."""
        for i in range(number):
            yield x[20 * i :][: size if i == 2 else 20], None, weights if i == 2 else None

    options = {**OPTIONS, "comm": comm, "steps_per_epoch": 5}
    ae = noisy()
    ends = items(3 if last else 5)
    text = "the iterator ended before step 4"
    assert_all_say(comm, ValueError, text, lambda: ae.fit(ends, **options), comm.size - 1)
    assert ae.progress.step == 3
    assert_same_bits(comm, ae.parameters)
    if comm.size > 1:
        sizes = items(5, 20 - last)
        text = "must give the same mini-batches"
        assert_all_say(comm, ValueError, text, lambda: ae.fit(sizes, **options))
        for sharded in (False, True):
            given = items(5, 20, of_rows[:20] if last else None), {**options, "sharded": sharded}
            text = "must give weights"
            assert_all_say(comm, ValueError, text, lambda g=given: ae.fit(g[0], **g[1]))


def components_that_are_refused(comm):
    last = comm.rank == comm.size - 1
    bad = x.copy()
    bad[100, 2] = np.nan
    pca = tae.PCA(2).fit(held_out)
    before = pca.components_
    for text, data, options in (
        ("row 100", bad, {}),
        ("row 100", bad if last else x, {"sharded": True}),
        ("shape", x[0] if last else x, {}),
        ("sharded must", x, {"sharded": 3 if last else False}),
    ):
        assert_all_say(comm, ValueError, text, lambda d=data, o=options: pca.fit(d, comm=comm, **o))
    if comm.size > 1:
        shapes = x[:, :5] if last else x
        for sharded, text in ((True, "the number of features"), (False, "the number of features")):
            given = {"comm": comm, "sharded": sharded}
            assert_all_say(comm, ValueError, text, lambda g=given: pca.fit(shapes, **g))
        given = {"comm": comm, "sharded": False}
        text = "the number of samples"
        assert_all_say(comm, ValueError, text, lambda: pca.fit(x[: 50 + comm.rank], **given))
    else:
        assert_all_say(comm, ValueError, "at least 2", lambda: pca.fit(x[:1], comm=comm))
    np.testing.assert_array_equal(pca.components_, before)


FAILURES = {
    name: each
    for name, each in list(globals().items())
    if inspect.isfunction(each)
    and each.__module__ == __name__
    and [*inspect.signature(each).parameters] == ["comm"]
}


# Signals, of which only main threads hear


class Interrupting(Failing):
    """A layer in which Ctrl-C comes on one rank."""

    def forward(self, x, training=False, step=0, first=0):
        if training and self.fails and step == self.at:
            signal.raise_signal(signal.SIGINT)
        return x, None


def ctrl_c_in_a_step(comm):
    last = comm.size - 1
    ae, one = (
        tae.Autoencoder(
            [tae.Dense(3), Interrupting(own and comm.rank == last, 8)],
            [tae.Dense(6)],
            dtype="float64",
        )
        for own in (True, False)
    )
    options = {**OPTIONS, "comm": comm}
    assert_all_say(comm, KeyboardInterrupt, "", lambda: ae.fit(x, **options), last)
    assert ae.progress.step == 8  # what was begun is dropped
    assert len(ae.history["loss"]) == 1
    assert_same_bits(comm, ae.parameters, ae.slots)
    ae.layers[1].fails = False
    ae.fit(x, comm=comm, **{**OPTIONS, "epochs": 1})
    one.fit(x, **{**OPTIONS, "epochs": 2})
    assert ae.progress.epoch == 2
    assert_same_bits(comm, ae.parameters, ae.slots)


def ctrl_c_in_a_callback(comm):
    last, after = comm.size - 1, []

    def callback(epoch, logs):
        if epoch == 1 and comm.rank == last:
            signal.raise_signal(signal.SIGINT)
            after.append(epoch)

    ae, one = noisy(), noisy()
    options = {**OPTIONS, "comm": comm, "callbacks": callback}
    assert_all_say(comm, KeyboardInterrupt, "", lambda: ae.fit(x, **options), last)
    assert not after  # it may take its time
    one.fit(x, **{**OPTIONS, "epochs": 2})
    assert_as_one(comm, ae, one)


def ctrl_c_while_data_are_waited_for(comm):
    last, went_on = comm.rank == comm.size - 1, []

    def waiting():
        if last:
            signal.raise_signal(signal.SIGINT)
            went_on.append(1)
        return x

    class Read:
        """Data that are read when they are asked for."""

        shape = x.shape

        def __array__(self, dtype=None, copy=None):
            return waiting()

    class Asking:
        """A callback that reads before the training."""

        def set_model(self, model):
            waiting()

        def __call__(self, epoch, logs):
            raise AssertionError

    def batches(at):
        for item in range(20):
            yield waiting() if item == at else x[:20]

    ae, one, pca = noisy(), noisy(), tae.PCA(2)
    options = {**OPTIONS, "comm": comm}
    for call in (
        lambda: ae.fit(batches(0), **options, steps_per_epoch=3),
        lambda: ae.fit(Read(), **options),
        lambda: ae.fit(x, callbacks=Asking(), **options),
        lambda: ae.evaluate(Read(), comm=comm),
        lambda: pca.fit(Read(), comm=comm),
    ):
        assert_all_say(comm, KeyboardInterrupt, "", call, comm.size - 1)
        assert not ae.built
    options["steps_per_epoch"], later = 3, batches(4)
    assert_all_say(comm, KeyboardInterrupt, "", lambda: ae.fit(later, **options), comm.size - 1)
    one.fit(batches(20), epochs=4, steps_per_epoch=1, verbose=0)
    assert ae.progress.step == 4
    np.testing.assert_allclose(ae.parameters, one.parameters, rtol=0, atol=1e-12)
    assert_same_bits(comm, ae.parameters, ae.slots)
    assert not went_on


INTERRUPTIONS = {
    each.__name__: each
    for each in (ctrl_c_in_a_step, ctrl_c_in_a_callback, ctrl_c_while_data_are_waited_for)
}
