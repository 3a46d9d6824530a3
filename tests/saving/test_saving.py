"""Saving and loading: the same model comes back, from old files too."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import tinyae as tae
from tests.support.format_1 import dense, images, samples
from tinyae.checks.public_names import homes
from tinyae.files import describe as architecture
from tinyae.maths import initializers
from tinyae.network.history import Progress

DATA = Path(__file__).with_name("data")


def small(**options):
    return tae.Autoencoder([tae.Dense(2, "tanh")], [tae.Dense(4)], input_shape=(4,), **options)


def describe(model):
    parts = [*model.layers, model.loss, model.optimizer]
    return [architecture.describe(part) for part in parts]


# The same comes back


@pytest.mark.parametrize("build", [dense, images, lambda: dense(dtype="float64", optimizer="sgd")])
@pytest.mark.parametrize("training_state", [False, True])
def test_a_model_comes_back_the_same(build, training_state, tmp_path):
    model = build()
    x = samples(model.input_shape)
    model.layers[1].trainable = False
    model.fit(x, epochs=2, batch_size=4, verbose=0)
    model.save(tmp_path / "model.npz", training_state)
    loaded = tae.load(tmp_path / "model.npz")
    assert describe(loaded) == describe(model)
    assert (loaded.seed, loaded.dtype, loaded.input_shape) == (
        model.seed,
        model.dtype,
        model.input_shape,
    )
    assert [layer.trainable for layer in loaded.layers] == [
        layer.trainable for layer in model.layers
    ]
    np.testing.assert_array_equal(loaded.parameters, model.parameters)
    np.testing.assert_array_equal(loaded.reconstruct(x), model.reconstruct(x))
    assert loaded.evaluate(x) == model.evaluate(x)
    if training_state:
        assert loaded.history == model.history
        assert loaded.progress == model.progress
        np.testing.assert_array_equal(loaded.slots, model.slots)
    else:
        assert loaded.history == {}
        assert loaded.progress == Progress(step=model.progress.step)
        assert not loaded.slots.any()


def test_a_model_without_parameters_comes_back(tmp_path):
    model = tae.Autoencoder([tae.Activation("tanh")], [tae.Flatten()], input_shape=(4,))
    model.fit(np.ones((3, 4)), verbose=0)
    model.save(tmp_path / "model.npz", training_state=True)
    assert tae.load(tmp_path / "model.npz").history == model.history


ODD_ARGUMENTS = {
    "Dense": dict(units=3, activation="elu", use_bias=False, kernel_initializer="he_uniform"),
    "Conv2D": dict(filters=2, kernel_size=(2, 3), strides=(2, 1), padding="same", use_bias=False),
    "Conv2DTranspose": dict(filters=2, kernel_size=3, strides=2, output_padding=(0, 1)),
    "MaxPooling2D": dict(pool_size=3, strides=(1, 2), padding="same"),
    "AveragePooling2D": dict(pool_size=(1, 3), padding="same"),
    "UpSampling2D": dict(size=(1, 3)),
    "ZeroPadding2D": dict(padding=((0, 2), (1, 0))),
    "Cropping2D": dict(cropping=((1, 0), (0, 3))),
    "Conv1D": dict(filters=2, kernel_size=3, strides=2, padding="same", activation="softmax"),
    "Conv1DTranspose": dict(filters=2, kernel_size=3, strides=3, output_padding=1),
    "MaxPooling1D": dict(pool_size=3, strides=2, padding="same"),
    "AveragePooling1D": dict(pool_size=3),
    "UpSampling1D": dict(size=3),
    "Activation": dict(activation="tanh"),
    "Flatten": {},
    "Reshape": dict(target_shape=(2, -1)),
    "Dropout": dict(rate=0.25),
    "GaussianNoise": dict(stddev=0.75, clip=(-0.5, 0.25)),
    "SaltAndPepper": dict(rate=0.25, low=-0.5, high=2.0),
    "TopK": dict(k=3),
    "Tied": dict(layer=2, activation="tanh", use_bias=False),
    "Variational": dict(beta=0.25, free_bits=0.125),
    "Masking": dict(rate=0.25),
    "Contractive": dict(strength=0.25),
    "CosineDecay": dict(learning_rate=0.5, decay_steps=7, alpha=0.25, warmup_steps=3),
    "ExponentialDecay": dict(
        learning_rate=0.5, decay_steps=7, decay_rate=0.25, staircase=True, warmup_steps=3
    ),
    "Rescaling": dict(scale=0.25, offset=-3.0),
    "MSE": {},
    "BCE": {},
    "MAE": {},
    "Huber": dict(delta=0.25),
    "CategoricalCrossentropy": {},
    "Columns": dict(columns=((slice(None, -1, 2), "bce"), (3, "mae"), ((1, 5), "huber"))),
    "L1": dict(l1=0.5),
    "L2": dict(l2=0.5),
    "L1L2": dict(l1=0.5, l2=0.25),
    "Adam": dict(learning_rate=0.5, beta_1=0.25, beta_2=0.75, epsilon=0.125),
    "SGD": dict(learning_rate=0.5, momentum=0.25),
    "UnitNorm": dict(axis=(0, -1)),
    "RandomNormal": dict(stddev=0.5, mean=-0.25),
}


@pytest.mark.parametrize("name", [name for name in homes("tinyae") if architecture.known(name)])
def test_every_argument_of_every_class_comes_back(name):
    arguments = ODD_ARGUMENTS[name]  # a new class needs a line above
    part = architecture.known(name)(**arguments)
    if isinstance(part, tae.Layer):
        part.activity_regularizer = tae.L1(0.125)
    description = architecture.describe(part)
    again = architecture.restore("part", description, {})
    assert type(again) is type(part)
    assert architecture.describe(again) == description
    for argument, value in arguments.items():
        kept = getattr(again, argument)
        assert kept == value or kept == (value, value)
    if isinstance(part, tae.Layer):
        assert again.activity_regularizer.l1 == 0.125


def test_initializers_are_saved_by_name(tmp_path):
    layer = tae.Dense(2, kernel_initializer=initializers.he_normal, bias_initializer="zeros")
    tae.Autoencoder([layer], [tae.Dense(3)], input_shape=(3,)).save(tmp_path / "model")
    assert tae.load(tmp_path / "model").layers[0].kernel_initializer == "he_normal"


def test_a_part_alone_comes_back_and_can_be_adopted(tmp_path):
    model, x = dense(), samples((4,))
    model.encoder.save(tmp_path / "encoder.npz")
    encoder = tae.load(tmp_path / "encoder.npz")
    assert isinstance(encoder, tae.Sequential)
    np.testing.assert_array_equal(encoder.predict(x), model.encode(x))
    adopted = tae.Autoencoder(encoder, [tae.Dense(4)], input_shape=(4,))
    adopted.fit(x, epochs=1, verbose=0)
    assert not np.array_equal(adopted.encode(x), model.encode(x))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("components", [None, 2, np.int64(2), 0.9])
def test_a_pca_comes_back_and_can_learn_more(dtype, components, tmp_path):
    x = samples((5,)).astype(dtype)
    pca = tae.PCA(components).fit(x)
    pca.save(tmp_path / "light.npz")
    pca.save(tmp_path / "full.npz", training_state=True)
    light, full = tae.load(tmp_path / "light.npz"), tae.load(tmp_path / "full.npz")
    for loaded in (light, full):
        assert loaded.n_components == pca.n_components
        assert loaded.n_samples_seen_ == 6
        for name in ("components_", "mean_", "explained_variance_", "explained_variance_ratio_"):
            np.testing.assert_array_equal(getattr(loaded, name), getattr(pca, name))
            assert getattr(loaded, name).dtype == getattr(pca, name).dtype
        np.testing.assert_array_equal(loaded.reconstruct(x), pca.reconstruct(x))
    more = x[::-1] ** 2
    full.partial_fit(more)
    pca.partial_fit(more)
    np.testing.assert_array_equal(full.encode(x), pca.encode(x))
    with pytest.raises(ValueError, match="without training_state"):
        light.partial_fit(more)
    with pytest.raises(ValueError, match="without its training_state"):
        light.save(tmp_path / "again.npz", training_state=True)
    light.fit(more)
    assert light.n_samples_seen_ == 6


@pytest.mark.parametrize("name", ["dense", "encoder", "images", "pca"])
def test_files_of_format_1_are_read_for_ever(name):
    model = tae.load(DATA / f"{name}.npz")
    with np.load(DATA / "outputs.npz") as outputs:
        expected = outputs[name]
    if name == "encoder":
        result = model.predict(samples((4,)))
    else:
        shape = (5,) if name == "pca" else model.input_shape
        result = model.reconstruct(samples(shape))
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def test_an_old_training_goes_on():
    model = tae.load(DATA / "images.npz")
    before = model.history["loss"][-1]
    assert (model.progress.epoch, model.progress.step) == (3, 6)
    assert model.fit(samples((6, 6, 1)), epochs=60, verbose=0)["loss"][-1] < before


def test_the_same_model_gives_the_same_bytes_that_numpy_can_read(tmp_path):
    model = small(seed=3)
    for name in ("one", "two"):
        model.save(tmp_path / name, training_state=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with np.load(tmp_path / "one", allow_pickle=False) as arrays:
        assert sorted(arrays) == ["history", "model", "parameters", "slots"]
        np.testing.assert_array_equal(arrays["parameters"], model.parameters)


def test_any_seed_comes_back(tmp_path):
    for seed in (0, 2**63 - 1, 2**100):
        small(seed=seed).save(tmp_path / "model")
        assert tae.load(tmp_path / "model").seed == seed


def test_threads_are_the_loaders_choice(tmp_path):
    small(threads=2).save(tmp_path / "model")
    assert tae.load(tmp_path / "model").threads is None
    loaded = tae.load(tmp_path / "model", threads=1)
    assert loaded.threads == loaded.encoder.threads == 1
    loaded.encoder.save(tmp_path / "encoder")
    assert tae.load(tmp_path / "encoder", threads=1).threads == 1
    with pytest.raises(ValueError, match="threads must be a whole number from 1 to 1024"):
        tae.load(tmp_path / "model", threads=0)


def test_loading_draws_nothing_and_takes_no_more_than_the_model(tmp_path, monkeypatch):
    model = tae.Autoencoder([tae.Dense(500)], [tae.Dense(1000)], input_shape=(1000,))
    model.save(tmp_path / "model", training_state=True)
    monkeypatch.setattr(initializers, "_uniform", lambda *_: pytest.fail("weights were drawn"))
    tracemalloc.start()
    loaded = tae.load(tmp_path / "model")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    whole = loaded.parameters.nbytes + loaded.gradient.nbytes + loaded.slots.nbytes
    assert peak < 1.1 * whole
    np.testing.assert_array_equal(loaded.parameters, model.parameters)


# Parts of one's own


class Scale(tae.Layer):
    def __init__(self, start=1.0, penalty=None):
        super().__init__(activity_regularizer=penalty)
        self.start = start

    def build(self, input_shape):
        self.add_weight("scale", input_shape, lambda shape, rng: np.full(shape, self.start))
        self.weights["scale"][...] *= 2
        return input_shape

    def forward(self, x, training=False, step=0, first=0):
        return x * self.weights["scale"], x

    def backward(self, dy, cache):
        self.gradients["scale"] += (dy * cache).sum(axis=0)
        return dy * self.weights["scale"]


class SavedScale(Scale):
    def get_config(self):
        return {"start": np.float32(self.start), "penalty": self.activity_regularizer}


class Absolute:
    def value_and_gradient(self, output, target):
        return float(np.abs(output - target).mean()), np.sign(output - target) / output.size


class SavedAbsolute(Absolute):
    def get_config(self):
        return {}


class WithTable(SavedScale):
    def get_config(self):
        return {"start": np.zeros(3)}


class Dense(SavedScale):
    """A name that tinyae has too."""


@pytest.mark.parametrize(
    ("layer", "loss", "message"),
    [
        (Scale(), "mse", "Scale neither keeps its constructor's arguments under their names"),
        (Dense(), "mse", "the name Dense is taken"),
        (WithTable(), "mse", "its start is too much to describe"),
        (tae.Dense(4, kernel_initializer=lambda shape, rng: np.ones(shape)), "mse", "kernel_init"),
    ],
)
def test_parts_that_cannot_come_back_are_refused(layer, loss, message, tmp_path):
    model = tae.Autoencoder([layer], [tae.Dense(4)], input_shape=(4,), loss=loss)
    with pytest.raises(ValueError, match=message):
        model.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_parts_of_ones_own_come_back_when_handed_over(tmp_path):
    layer = SavedScale(1.5, tae.L1(0.25))
    model = tae.Autoencoder([layer], [tae.Dense(4)], input_shape=(4,), loss=SavedAbsolute())
    x = samples((4,))
    model.fit(x, epochs=2, verbose=0)
    model.save(tmp_path / "model", training_state=True)
    with pytest.raises(tae.ModelFormatError, match=r"unknown class 'Saved.*pass custom"):
        tae.load(tmp_path / "model")
    custom = {"SavedScale": SavedScale, "SavedAbsolute": SavedAbsolute}
    loaded = tae.load(tmp_path / "model", custom=custom)
    assert loaded.layers[0].start == 1.5
    assert loaded.layers[0].activity_regularizer.l1 == 0.25
    np.testing.assert_array_equal(loaded.reconstruct(x), model.reconstruct(x))
    for each in (model, loaded):
        each.fit(x, epochs=2, verbose=0)
    np.testing.assert_array_equal(loaded.parameters, model.parameters)


def test_what_cannot_be_loaded_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="save needs a built model"):
        tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)]).save(tmp_path / "model")
    with pytest.raises(ValueError, match="Sequential must be built before use"):
        tae.Sequential([tae.Dense(2)]).save(tmp_path / "model")
    with pytest.raises(ValueError, match="no data"):
        tae.PCA(2).save(tmp_path / "model")
    model = small()
    model.parameters[3] = np.nan
    with pytest.raises(ValueError, match="parameters hold NaN or infinity"):
        model.save(tmp_path / "model")
    model.parameters[3] = 0
    model.slots[1, 2] = np.inf
    with pytest.raises(ValueError, match="slots hold NaN or infinity"):
        model.save(tmp_path / "model", training_state=True)
    names = [tae.Activation("relu") for _ in range(12_000)]
    with pytest.raises(ValueError, match="description takes"):
        tae.Autoencoder(names, [tae.Dense(4)], input_shape=(4,)).save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_lists_that_a_part_keeps_come_back(tmp_path):
    class Picks(tae.Layer):
        def __init__(self, places):
            super().__init__()
            self.places = places

        def build(self, input_shape):
            return (len(self.places),)

        def forward(self, x, training=False, step=0, first=0):
            return x[:, self.places], x.shape

        def backward(self, dy, cache):
            dx = np.zeros(cache, dy.dtype)
            dx[:, self.places] = dy
            return dx

    for places in ([2, 0], (2, 0)):
        tae.Autoencoder([Picks(places)], [tae.Dense(4)], (4,)).save(tmp_path / "model")
        loaded = tae.load(tmp_path / "model", custom={"Picks": Picks})
        assert list(loaded.layers[0].places) == [2, 0]
