"""What may change later changes, with the same checks; what may not is refused by name."""

import contextlib
import pickle

import numpy as np
import pytest

import tinyae as tae
from tests.support.assignments import METHODS
from tests.support.subjects import SUBJECTS
from tinyae.engine import tuning
from tinyae.system.numba_parts import DISABLED
from tinyae.training import fit as training
from tinyae.training.compiled import make_trainer

D = tae.Dense


def samples(n=48, features=4):
    return np.random.default_rng(0).random((n, features))


def model(**options):
    options = {"dtype": "float64", "threads": 1, "input_shape": (4,), **options}
    return tae.Autoencoder([D(3, "tanh")], [D(4)], **options)


def conv():
    layers = [tae.Conv2D(2, 3, padding="same")], [tae.Conv2D(1, 3, padding="same")]
    return tae.Autoencoder(*layers, input_shape=(6, 6, 1))


REFUSED = [
    (lambda m: (m.layers[0], "trainable"), 2, "trainable must be True or False"),
    (lambda m: (m, "encoder"), tae.Sequential([D(3)]), "model's encoder stays as it is"),
    (lambda m: (m, "seed"), 1, "model's seed stays"),
    (lambda m: (m, "dtype"), "float32", "model's dtype stays"),
    (lambda m: (m, "slots"), np.zeros(3), "model's slots stays"),
    (lambda m: (m, "progress"), None, "model's progress stays"),
    (lambda m: (m, "history"), {}, "model's history stays"),
    (lambda m: (m, "loss"), "nope", "loss must be one of"),
    (lambda m: (m, "optimizer"), 3, "optimizer must be one of"),
    (lambda m: (m, "threads"), 0, "threads must be a whole number from 1 to 1024"),
    (lambda m: (m.encoder, "threads"), 0, "threads must be a whole number from 1 to 1024"),
    (lambda m: (m.decoder, "threads"), 1.5, "threads must be a whole number from 1 to 1024"),
    (lambda m: (m.layers[0], "units"), 5, "its units stays as it is"),
    (lambda m: (m.layers[0], "use_bias"), False, "its use_bias stays"),
    (lambda m: (m.layers[0], "weights"), {}, r"its weights stays .* \[...\] = values"),
    (lambda m: (m.layers[0], "parameters"), np.zeros(1), "its parameters stays"),
    (lambda m: (m.encoder, "parameters"), np.zeros(1), "its parameters stays"),
    (lambda m: (m.layers[0], "dtype"), "float32", "its dtype stays"),
    (lambda m: (m.layers[0], "output_shape"), (9,), "its output_shape stays"),
    (lambda m: (m.layers[0], "activation"), "nope", "activation must be one of"),
    (lambda m: (m.layers[0], "activity_regularizer"), 0.1, "activity_regularizer must be an L1"),
    (lambda m: (m.optimizer, "learning_rate"), -1, "learning_rate must be positive"),
    (lambda m: (m.optimizer, "learning_rate"), "0.1", "learning_rate must be positive"),
    (lambda m: (m.optimizer, "learning_rate"), True, "learning_rate must be positive"),
    (lambda m: (m.optimizer, "beta_1"), 1, "beta_1 must be at least 0 and below 1"),
]


@pytest.mark.parametrize(("where", "value", "message"), REFUSED)
def test_what_may_not_change_is_refused_by_name(where, value, message):
    ae, x = model(), samples()
    twin = ae.copy()
    with pytest.raises(ValueError, match=message):
        setattr(*where(ae), value)
    for each in (ae, twin):
        each.fit(x, epochs=1, verbose=0)
    assert ae.parameters.tobytes() == twin.parameters.tobytes()


@pytest.mark.parametrize(
    ("where", "name"),
    [
        *((lambda m: m, name) for name in ("loss", "threads", "encoder", "slots", "history")),
        *((lambda m: m.layers[0], name) for name in ("activation", "weights", "output_shape")),
        *((lambda m: m.encoder, name) for name in ("parameters", "threads")),
        (lambda m: m.optimizer, "learning_rate"),
    ],
)
def test_what_a_part_has_it_keeps(where, name):
    ae = model()
    with pytest.raises((ValueError, AttributeError), match=name):
        delattr(where(ae), name)
    ae.fit(samples(), verbose=0)


@pytest.mark.parametrize("name", ["kernel_size", "filters", "strides", "padding"])
def test_the_shape_of_a_built_convolution_stays(name):
    layer = conv().layers[0]
    with pytest.raises(ValueError, match=f"its {name} stays as it is: make a new layer"):
        setattr(layer, name, getattr(layer, name))


def test_before_it_is_built_a_layer_takes_what_its_constructor_takes():
    layer = tae.Conv2D(2, 3)
    layer.kernel_size = 5
    assert layer.kernel_size == (5, 5)
    with pytest.raises(ValueError, match="padding must be"):
        layer.padding = "SAME?"


@pytest.mark.parametrize("eager", [False, True])
def test_an_activation_that_changes_is_used_at_once(eager):
    ae, x = model(), samples()
    before = ae.encode(x), ae.encoder.predict(x)
    ae.layers[0].activation = "relu"
    W, b = ae.layers[0].weights.values()
    expected = np.maximum(x @ W + b, 0)
    for found, old in zip((ae.encode(x), ae.encoder.predict(x)), before, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)
        assert not np.allclose(found, old)
    np.testing.assert_allclose(ae.reconstruct(x), ae.decode(expected), atol=1e-12)
    assert tae.check_gradients(ae, x[:5]).verdict != "failed"
    other = tae.Autoencoder([D(3, "relu")], [D(4)], input_shape=(4,), dtype="float64", threads=1)
    other.parameters[...] = ae.parameters
    for each in (ae, other):
        each.fit(x, epochs=2, verbose=0, eager=eager)
    assert ae.parameters.tobytes() == other.parameters.tobytes()


@pytest.mark.parametrize("way", ["compiled", "eager"])
@pytest.mark.parametrize(
    ("frozen", "change"),
    [
        (False, lambda m: setattr(m.layers[0], "activation", "elu")),
        (False, lambda m: setattr(m.layers[0], "trainable", False)),
        (True, lambda m: setattr(m.layers[0], "trainable", True)),
        (True, lambda m: setattr(m.encoder, "trainable", True)),
        (False, lambda m: setattr(m, "loss", "bce")),
        (False, lambda m: setattr(m, "optimizer", "sgd")),
        (False, lambda m: setattr(m.layers[1], "activity_regularizer", tae.L2(0.1))),
        (False, lambda m: setattr(m.layers[0].activity_regularizer, "l1", 0.5)),
    ],
)
def test_a_callback_may_change_what_may_change(frozen, change, way):
    """Then training goes on as in a second call of fit, in the engine and layer by layer."""

    def made():
        layers = [D(3, "tanh", activity_regularizer=tae.L1(0.01))], [D(4, "sigmoid")]
        ae = tae.Autoencoder(*layers, input_shape=(4,), dtype="float64", threads=1)
        ae.layers[0].trainable = not frozen
        return ae

    def callback(epoch, logs):
        if epoch == 1:
            change(changed)

    changed, stopped, same, x = made(), made(), made(), samples()
    changed.fit(x, epochs=4, verbose=0, callbacks=callback, eager=way == "eager")
    stopped.fit(x, epochs=2, verbose=0, eager=True)
    change(stopped)
    stopped.fit(x, epochs=2, verbose=0, eager=True)
    np.testing.assert_allclose(changed.parameters, stopped.parameters, rtol=0, atol=1e-10)
    same.fit(x, epochs=4, verbose=0)
    assert not np.allclose(same.parameters, changed.parameters, rtol=0, atol=1e-6)


@pytest.mark.skipif(DISABLED, reason="without the JIT there is one thread")
def test_a_callback_may_change_the_threads(monkeypatch):
    def make(*arguments):
        trainer = make_trainer(*arguments)
        threads.append(trainer.threads)
        return trainer

    threads, ae = [], model()
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    monkeypatch.setattr(training, "make_trainer", make)
    ae.fit(samples(), epochs=3, callbacks=lambda e, _: setattr(ae, "threads", 2), verbose=0)
    assert threads == [1, 2]


def adam_by_hand(theta, gradients, rate=0.01):
    m = v = 0.0
    for t, gradient in enumerate(gradients(theta), start=1):
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        theta -= rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)


@pytest.mark.parametrize("saved", [False, True])
def test_a_replaced_optimizer_begins_anew(saved, tmp_path):
    ae, x = model(optimizer=tae.Adam(0.1)), samples()
    ae.fit(x, epochs=7, batch_size=len(x), shuffle=False, verbose=0)
    ae.optimizer = tae.Adam(0.01)
    assert not ae.slots.any()
    assert (ae.progress.step, ae.progress.optimizer_step) == (7, 0)
    twin, steps = ae.copy(), 6

    def gradients(theta):
        for _ in range(steps):
            yield twin.loss_and_gradient(x)[1]

    adam_by_hand(twin.parameters, gradients)
    ae.fit(x, epochs=2, batch_size=len(x), shuffle=False, verbose=0)
    if saved:
        ae.save(tmp_path / "model.npz", training_state=True)
        ae = tae.load(tmp_path / "model.npz", threads=1)
    ae.fit(x, epochs=steps - 2, batch_size=len(x), shuffle=False, verbose=0)
    np.testing.assert_allclose(ae.parameters, twin.parameters, rtol=0, atol=1e-12)
    assert (ae.progress.step, ae.progress.optimizer_step) == (13, 6)


def arrays():
    """All arrays that models hand out, each with a function that hands out another."""
    pca, sampler = tae.PCA(2).fit(samples()), tae.GaussianSampler("full").fit(samples())
    ae = model()
    ae.fit(samples(), verbose=0)
    file = pickle.loads(pickle.dumps(ae))
    for each in (ae, ae.copy(), ae.copy("float32"), file):
        layer = each.layers[0]
        yield from (lambda each=each, name=name: getattr(each, name) for name in VECTORS)
        parts = (layer, each.encoder, each.decoder)
        for part in parts:
            yield from (lambda part=part, name=name: getattr(part, name) for name in VECTORS[:2])
        for held in (layer.weights, layer.gradients):
            yield from (lambda held=held, name=name: held[name] for name in ("kernel", "bias"))
    for name in ("mean_", "components_", "explained_variance_", "explained_variance_ratio_"):
        yield lambda name=name: getattr(pca, name)
    yield from (lambda: sampler.mean_, lambda: sampler.covariance_)


VECTORS = ("parameters", "gradient", "slots")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # NumPy's, of setting a shape
@pytest.mark.parametrize("method", METHODS)
def test_what_an_array_does_to_itself_nobody_else_sees(method):
    for array in arrays():
        before = array().copy()
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            method(array())
        after = array()
        assert after.flags.writeable
        assert not after.flags.owndata
        np.testing.assert_array_equal(after, before, strict=True)


@pytest.mark.parametrize("change", ["sort", "fill"])
def test_what_is_written_into_an_array_counts(change):
    ae, x = model(), samples()
    getattr(ae.parameters, change)(*[0.25] * (change == "fill"))
    W, b = ae.layers[0].weights.values()
    np.testing.assert_allclose(ae.encode(x), np.tanh(x @ W + b), atol=1e-12)
    assert (np.sort(ae.parameters) == ae.parameters).all()


@pytest.mark.parametrize("name", VECTORS)
def test_arithmetic_in_place_is_no_replacement(name):
    ae = model()
    for part in (ae, ae.encoder, ae.layers[0])[: 1 if name == "slots" else 3]:
        before = getattr(part, name).copy()
        exec(f"part.{name} += 1", {"part": part})
        np.testing.assert_array_equal(getattr(part, name), before + 1)
    with pytest.raises(ValueError, match=f"its {name} stays|model's {name} stays"):
        setattr(ae, name, getattr(ae, name) + 1)


def test_what_stands_in_a_history_is_looked_at_before_training():
    for bad in (None, "0.1", [1.0, "x"], np.ones(1)):
        ae = model()
        ae.fit(samples(), verbose=0)
        ae.history["loss"] = bad
        before = ae.parameters.copy()
        with pytest.raises(ValueError, match="history must hold lists of numbers, but its loss"):
            ae.fit(samples(), verbose=0)
        assert ae.parameters.tobytes() == before.tobytes()
        assert ae.progress.epoch == 1


@pytest.mark.parametrize("name", ["epoch", "step", "pass_", "position", "optimizer_step"])
@pytest.mark.parametrize("bad", [-1, 0.5, "1", None, True, 2**63])
def test_where_training_stands_is_counted_in_whole_numbers(name, bad):
    progress = model().progress
    with pytest.raises(ValueError, match=f"{name} must be a whole number"):
        setattr(progress, name, bad)


def test_a_callback_that_moves_the_place_in_the_data_moves_nothing():
    moved, twin, x = model(), model(), samples(10)

    def callback(epoch, logs):
        moved.progress.position = 10**6

    moved.fit(x, epochs=3, batch_size=4, callbacks=callback, verbose=0)
    twin.fit(x, epochs=3, batch_size=4, callbacks=lambda epoch, logs: None, verbose=0)
    assert moved.parameters.tobytes() == twin.parameters.tobytes()


def test_a_loss_that_a_callback_sets_sees_the_targets_first():
    ae, x = model(), 5 * samples()

    def callback(epoch, logs):
        ae.loss = "bce"

    with pytest.raises(ValueError, match="the target must"):
        ae.fit(x, epochs=3, callbacks=callback, verbose=0)
    assert ae.progress.epoch == 1


def test_components_that_are_counted_anew_are_found_anew(tmp_path):
    x = samples()
    pca = tae.PCA(3).fit(x)
    pca.n_components = 1
    assert pca.encode(x).tobytes() == tae.PCA(1).fit(x).encode(x).tobytes()
    with pytest.raises(ValueError, match="n_components must be at most"):
        pca.n_components = 5
    pca.save(tmp_path / "pca")
    loaded = tae.load(tmp_path / "pca")
    with pytest.raises(ValueError, match="its n_components stays"):
        loaded.n_components = 2
    assert loaded.n_components_ == 1


@pytest.mark.large
@pytest.mark.parametrize("name", SUBJECTS)
def test_whatever_is_assigned_is_as_in_the_constructor_or_refused_by_name(name, execute):
    assert execute([["everything", name]]) is None
