"""What must hold on ranks, whatever they are: each scenario is run by all with a communicator."""

import inspect
import tempfile
from pathlib import Path

import numpy as np

import tinyae as tae

x = np.random.default_rng(0).random((103, 6))
held_out = np.random.default_rng(1).random((31, 6))
of_rows = np.random.default_rng(2).random(103)
of_elements = np.random.default_rng(3).random((103, 6)) * (x > 0.3)
images = np.random.default_rng(4).random((26, 6, 6, 1))
OPTIONS = {"epochs": 3, "batch_size": 20, "verbose": 0}


def noisy(**options):
    """A model with all that depends on a sample's place, or on the mini-batch as a whole."""
    return tae.Autoencoder(
        [
            tae.GaussianNoise(0.1),
            tae.Dense(5, "tanh", activity_regularizer=tae.L1(0.01), kernel_regularizer=tae.L2(0.1)),
            tae.Dropout(0.2),
            tae.Dense(2, kernel_regularizer=tae.L1(0.01)),
        ],
        [tae.Dense(6, "sigmoid", kernel_constraint=tae.UnitNorm(0))],
        **{"dtype": "float64", "seed": 3, "threads": 1, **options},
    )


def plain(activation="sigmoid", **options):
    encoder, decoder = [tae.Dense(5, "tanh"), tae.Dense(2)], [tae.Dense(6, activation)]
    return tae.Autoencoder(
        encoder, decoder, **{"dtype": "float64", "seed": 3, "threads": 1, **options}
    )


def convolutional(**options):
    encoder = [tae.Conv2D(3, 3, activation="elu"), tae.Dropout(0.1), tae.Flatten(), tae.Dense(4)]
    decoder = [tae.Dense(36, "sigmoid"), tae.Reshape((6, 6, 1))]
    return tae.Autoencoder(encoder, decoder, dtype="float64", threads=2, **options)


def shards(comm, data=x):
    """Parts of different lengths: about a half, a third of the rest, …"""
    cuts = [0, *(len(data) - len(data) // 2**i for i in range(1, comm.size)), len(data)]
    return data[cuts[comm.rank] : cuts[comm.rank + 1]]


def everyone(comm, value):
    """All ranks' numbers, (size,)."""
    send = np.zeros(comm.size)
    send[comm.rank], recv = value, np.zeros(comm.size)
    comm.Allreduce(send, recv)
    return recv


def assert_same_bits(comm, *arrays):
    for array in arrays:
        first = comm.bcast(array.tobytes())
        assert everyone(comm, first == array.tobytes()).all()


def assert_as_one(comm, ae, one):
    """The model of these ranks is that of one process."""
    np.testing.assert_allclose(ae.parameters, one.parameters, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ae.slots, one.slots, rtol=0, atol=1e-12)
    assert ae.progress == one.progress
    assert ae.history.keys() == one.history.keys()
    for name in ae.history.keys() - {"seconds"}:
        np.testing.assert_allclose(ae.history[name], one.history[name], rtol=0, atol=1e-12)
    assert_same_bits(comm, ae.parameters, ae.slots)


def outcome(function, *args, **options):
    """The error that a call ends with."""
    try:
        function(*args, **options)
    except BaseException as error:
        return error
    return None


def assert_all_say(comm, kind, text, call, on=None):
    """A call ends on all ranks with such an error, by which others name the rank it was on."""
    error = outcome(call)
    assert type(error) is kind, repr(error)
    assert text in str(error), str(error)
    if on is not None:
        assert str(error).startswith(f"on rank {on}: ") == (comm.rank != on), str(error)
    assert everyone(comm, 1).all()  # and they can still meet


# As one process


def fit_is_that_of_one_process(comm):
    ways = [
        {},
        {"sample_weight": of_rows},
        {"sample_weight": of_elements},
        {"steps_per_epoch": 7, "validation_data": (held_out, None, held_out[:, 0])},
        {"validation_split": 0.2, "shuffle": False, "y": x[::-1]},
    ]
    for eager in (False, True):
        for way in ways:
            options = {**OPTIONS, "eager": eager, **way}
            ae, one = noisy(), noisy()
            ae.fit(x, comm=comm, **options)
            one.fit(x, **options)
            assert_as_one(comm, ae, one)


def optimizers_step_with_the_whole_gradient(comm):
    for make in (
        lambda: tae.SGD(0.5, momentum=0.5, global_clipnorm=0.01),
        lambda: tae.Adam(tae.CosineDecay(0.1, 20), clipnorm=0.01, weight_decay=0.1),
    ):
        ae, one = noisy(optimizer=make()), noisy(optimizer=make())
        for model, options in ((ae, {"comm": comm}), (one, {})):
            model.layers[-1].trainable = False
            model.fit(x, **OPTIONS, **options)
        assert_as_one(comm, ae, one)


def images_and_threads(comm):
    ae, one = convolutional(), convolutional()
    ae.fit(images, comm=comm, **OPTIONS)
    one.fit(images, **OPTIONS)
    np.testing.assert_allclose(ae.parameters, one.parameters, rtol=0, atol=1e-12)


def codes_are_drawn_and_their_divergence_is_shown(comm):
    for eager in (False, True):
        ae, one = (
            tae.Autoencoder(
                [tae.Dense(8, "tanh"), tae.Dense(4), tae.Variational()],
                [tae.Dense(6, "sigmoid")],
                **{"loss": "bce", "dtype": "float64", "threads": 1},
            )
            for _ in range(2)
        )
        options = {**OPTIONS, "eager": eager, "validation_data": held_out}
        ae.fit(x, comm=comm, **options)
        one.fit(x, **options)
        assert {"kl", "val_kl"} <= one.history.keys()
        assert_as_one(comm, ae, one)
    same = one.evaluate(held_out)
    np.testing.assert_allclose([*ae.evaluate(held_out, comm=comm).values()], [*same.values()])


def derivatives_of_codes_are_penalised(comm):
    for layers in ([tae.Dense(3, "tanh")], [tae.Dense(5, "elu"), tae.Dense(3, "sigmoid")]):
        first = tae.Autoencoder(
            [*layers, tae.Contractive(0.1)],
            [tae.Dense(6, "sigmoid")],
            **{"input_shape": (6,), "dtype": "float64", "threads": 1},
        )
        for eager in (False, True):
            ae, one = first.copy(), first.copy()
            ae.fit(x, comm=comm, eager=eager, **OPTIONS)
            one.fit(x, eager=eager, **OPTIONS)
            assert_as_one(comm, ae, one)


def losses_of_columns(comm):
    loss = tae.Columns([(slice(0, 3), "mse"), (slice(3, 6), tae.Huber(0.1))])
    ae, one = plain("linear", loss=loss), plain("linear", loss=loss)
    ae.fit(x, comm=comm, sample_weight=of_elements, **OPTIONS)
    one.fit(x, sample_weight=of_elements, **OPTIONS)
    assert_as_one(comm, ae, one)
    assert ae.evaluate(x, comm=comm).keys() == one.evaluate(x).keys()


class Quartic:
    """A loss of one's own, the mean over its samples."""

    @np.errstate(all="ignore")
    def value_and_gradient(self, output, target):
        d = output - target
        return float((d**4).mean()), 4 * d**3 / d.size


def losses_of_ones_own(comm):
    for weight in (None, of_rows):
        ae, one = noisy(loss=Quartic()), noisy(loss=Quartic())
        ae.fit(x, comm=comm, sample_weight=weight, **OPTIONS)
        one.fit(x, sample_weight=weight, **OPTIONS)
        assert_as_one(comm, ae, one)
        found, expected = ae.evaluate(x, comm=comm), one.evaluate(x)
        np.testing.assert_allclose([*found.values()], [*expected.values()], rtol=1e-12)


def more_ranks_than_rows(comm):
    for n in (1, 2, 5):  # with 2 in the last mini-batch, or fewer
        ae, one = noisy(), noisy()
        ae.fit(x[:n], comm=comm, validation_data=x[:1], epochs=2, batch_size=3, verbose=0)
        one.fit(x[:n], validation_data=x[:1], epochs=2, batch_size=3, verbose=0)
        assert_as_one(comm, ae, one)
        assert np.isclose(ae.evaluate(x[:1], comm=comm)["loss"], one.evaluate(x[:1])["loss"])


def shards_are_one_array(comm):
    for weight in (None, of_rows, of_elements):
        ae, one = plain(), plain()
        mine = None if weight is None else shards(comm, weight)
        given = {"comm": comm, "sharded": True, "sample_weight": mine, **OPTIONS}
        ae.fit(shards(comm), validation_data=shards(comm, held_out), **given)
        one.fit(x, sample_weight=weight, validation_data=held_out, **OPTIONS)
        assert_as_one(comm, ae, one)
        found = ae.evaluate(shards(comm), None, mine, comm=comm, sharded=True)
        expected = one.evaluate(x, None, weight)
        np.testing.assert_allclose([*found.values()], [*expected.values()], rtol=1e-12)


def samples_of_shards_stand_rank_by_rank(comm):
    """Which noise and dropout depend on: here all are one mini-batch in their own order."""
    ae, one = noisy(), noisy()
    options = {"epochs": 3, "batch_size": 200, "shuffle": False, "verbose": 0}
    ae.fit(shards(comm), comm=comm, sharded=True, **options)
    one.fit(x, **options)
    assert_as_one(comm, ae, one)


def iterators(comm):
    def batches(rows, weights, size=20):
        for start in range(0, 100, size):
            yield rows[start : start + size], None, weights[start : start + size]

    options = {"epochs": 1, "steps_per_epoch": 5, "verbose": 0}
    one, ae, sharded = noisy(), noisy(), noisy()
    one.fit(batches(x, of_rows), **options)
    ae.fit(batches(x, of_rows), comm=comm, **options)
    assert_as_one(comm, ae, one)
    size, parts = 20 // comm.size, []
    for start in range(0, 100, 20):  # of which each has a part, the last one more
        end = start + 20 if comm.rank == comm.size - 1 else start + size * (comm.rank + 1)
        rows = slice(start + size * comm.rank, end)
        parts.append((x[rows], None, of_rows[rows]))
    sharded.fit(iter(parts), comm=comm, sharded=True, **options)
    assert_as_one(comm, sharded, one)


def components(comm):
    generator = np.random.default_rng(0)
    tables = [
        generator.normal(size=(300, 8)) * 2.0 ** -np.arange(8) + 5,
        generator.normal(size=(200, 8)) * 10.0 ** -np.arange(0, 16, 2),
        generator.normal(size=(90, 50)) * 2.0 ** -np.linspace(0, 8, 50),
        generator.normal(size=(20, 50)),
        generator.normal(size=(5, 3)) + 1e8,
    ]
    for table in tables:
        for k in (None, 2, 0.9):
            one = tae.PCA(k).fit(table)
            for sharded in (False, True):
                mine = shards(comm, table) if sharded else table
                pca = tae.PCA(k).fit(mine, comm=comm, sharded=sharded)
                assert pca.n_samples_seen_ == len(table)
                assert pca.n_components_ == one.n_components_
                for name, scale in (("mean_", 1), ("explained_variance_", 1), ("components_", 1e3)):
                    found, expected = getattr(pca, name), getattr(one, name)
                    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12 * scale)
                    assert_same_bits(comm, found)
                assert pca.partial_fit(table).n_samples_seen_ == 2 * len(table)
    single = tae.PCA(2).fit(x.astype(np.float32) if comm.rank else x, comm=comm)
    assert single.components_.dtype == np.float64


def numbers_of_numpy_are_numbers(comm):
    number = [3, np.int64(3), np.int32(3)][comm.rank]
    rate = [0.5, np.float64(0.5), np.float32(0.5)][comm.rank]
    flag = [False, np.False_, False][comm.rank]
    encoder, decoder = [tae.Dense(number)], [tae.Dense(6)]
    ae = tae.Autoencoder(encoder, decoder, optimizer=tae.Adam(rate), seed=number)
    options = {"epochs": number, "batch_size": number * 5, "shuffle": flag, "eager": flag}
    ae.fit(x, comm=comm, sharded=flag, verbose=0, **options)
    tae.PCA(number).fit(x, comm=comm)


# Callbacks, files and the end


def callbacks_are_heard_by_all(comm):
    stopping = tae.EarlyStopping("loss", min_delta=10.0, patience=2, restore_best_weights=True)
    ae, one = noisy(), noisy()
    # only one has it: that it stops, and what it puts back, is for all
    ae.fit(x, comm=comm, callbacks=[stopping] * (comm.rank == 0), **{**OPTIONS, "epochs": 9})
    one.fit(
        x,
        callbacks=tae.EarlyStopping("loss", min_delta=10.0, patience=2, restore_best_weights=True),
        **{**OPTIONS, "epochs": 9},
    )
    assert ae.progress.epoch == one.progress.epoch == 3
    assert_as_one(comm, ae, one)
    last, seen = comm.size - 1, []
    ae.fit(
        x,
        comm=comm,
        callbacks=lambda epoch, logs: seen.append(logs["loss"]) or comm.rank == last,
        **OPTIONS,
    )
    assert len(seen) == 1
    assert_same_bits(comm, np.array(seen))


def learning_rates_fall_together(comm):
    ae, one = noisy(), noisy()
    for model, options in ((ae, {"comm": comm}), (one, {})):
        plateau = tae.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=10.0)
        model.fit(x, callbacks=plateau, **OPTIONS, **options)
    assert ae.optimizer.learning_rate == one.optimizer.learning_rate < 1e-3
    assert_as_one(comm, ae, one)
    plateau = tae.ReduceLROnPlateau("loss", patience=0, min_delta=10.0)
    if comm.size > 1:
        given = {"comm": comm, "callbacks": [plateau] * (comm.rank == 0), **OPTIONS}
        text = "its optimizer must be the same on all ranks"
        assert_all_say(comm, ValueError, text, lambda: ae.fit(x, **given))


def one_rank_writes_and_all_go_on(comm):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{comm.rank}.npz")
        ae, one, whole = noisy(), noisy(), noisy()
        ae.fit(x, comm=comm, callbacks=tae.ModelCheckpoint(path), **OPTIONS)
        assert path.exists() == (comm.rank == 0)
        whole.fit(x, **{**OPTIONS, "epochs": 5})
        again = tae.load(path) if comm.rank == 0 else noisy()
        again.threads = 1
        history = again.fit(x, comm=comm, **{**OPTIONS, "epochs": 2})
    assert len(history["loss"]) == 2
    one.fit(x, **{**OPTIONS, "epochs": 5})
    assert_as_one(comm, again, one)


def divergence_is_said_alike(comm):
    for loss in ("mse", Quartic()):
        options = {"loss": loss, "optimizer": tae.SGD(1e3), "dtype": "float32"}
        ae, one = plain("linear", **options), plain("linear", **options)
        found = outcome(ae.fit, x, comm=comm, **{**OPTIONS, "epochs": 90})
        expected = outcome(one.fit, x, **{**OPTIONS, "epochs": 90})
        assert type(found) is type(expected) is tae.TrainingDiverged
        assert (found.epoch, found.step) == (expected.epoch, expected.step)
        assert ae.progress == one.progress
        assert np.isfinite(ae.parameters).all()
        assert_same_bits(comm, ae.parameters)


SCENARIOS = {
    name: each
    for name, each in list(globals().items())
    if inspect.isfunction(each) and [*inspect.signature(each).parameters] == ["comm"]
}
