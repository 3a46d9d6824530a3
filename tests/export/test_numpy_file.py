"""The exported Python file gives what the model gives, where neither tinyae nor Numba are."""

import ast
import runpy
import textwrap

import numpy as np
import pytest

import tinyae as tae
from tests.support.exported import assert_equal, assert_refused, functions, run_alone
from tests.support.format_1 import dense, images, samples
from tests.support.one_step import Given, one_step
from tinyae.primitives import steps


def each_activation():
    names = ("relu", "leaky_relu", "elu", "tanh", "sigmoid", "linear")
    return tae.Autoencoder(
        [tae.Dense(7, name) for name in names],
        [tae.Activation("tanh"), tae.Dense(7), *map(tae.Activation, names)],
        input_shape=(7,),
    )


def strides_and_paddings(padding):
    return tae.Autoencoder(
        encoder=[
            tae.Conv2D(3, (2, 3), strides=(2, 1), padding=padding),
            tae.AveragePooling2D((3, 2), strides=(1, 2), padding=padding),
            tae.Conv2D(4, 2, strides=3, padding=padding, use_bias=False),
        ],
        decoder=[
            tae.Conv2DTranspose(3, (2, 1), strides=(3, 2), padding=padding, activation="elu"),
            tae.MaxPooling2D((2, 3), strides=(1, 2), padding=padding),
            tae.UpSampling2D((2, 1)),
            tae.Conv2DTranspose(2, 4, strides=1, padding=padding, use_bias=False),
        ],
        input_shape=(13, 12, 2),
    )


MODELS = {
    "dense": dense,
    "dense, float64": lambda: dense(dtype="float64"),
    "dense, bce without sigmoid": lambda: dense(loss="bce"),
    "images, bce from logits": images,
    "activations": each_activation,
    "same": lambda: strides_and_paddings("same"),
    "valid": lambda: strides_and_paddings("valid"),
    "sigmoid before a reshape": lambda: tae.Autoencoder(
        [tae.Flatten(), tae.Dense(2)],
        [tae.Dense(6, "sigmoid"), tae.Reshape((3, 2))],
        loss="bce",
        input_shape=(3, 2),
    ),
    "the encoder's sigmoid, far out": lambda: tae.Autoencoder(
        [tae.Dense(4, "sigmoid", kernel_initializer=tae.RandomNormal(40))],
        [tae.Reshape((4,))],
        loss="bce",
        input_shape=(4,),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_it_gives_what_the_model_gives(name, tmp_path):
    model = MODELS[name]()
    rng = np.random.default_rng(0)
    model.parameters[...] += 0.1 * rng.standard_normal(model.parameters.size)  # biases too
    files = model.export_numpy(tmp_path)
    assert [file.name for file in files] == ["autoencoder.py", "autoencoder.npz"]
    x = samples(model.input_shape)
    z = model.encode(x)
    given = {"x": x, "z": z}
    if model.output_shape != model.input_shape:
        given["target"] = samples(model.output_shape)
    results = run_alone(tmp_path, "autoencoder", **given)
    assert_equal(results["encode"], z)
    assert_equal(results["decode"], model.decode(z))
    assert_equal(results["reconstruct"], model.reconstruct(x))
    assert_equal(results["score"], model.reconstruction_error(x, given.get("target")))


def test_the_encoder_alone(tmp_path):
    model = images()
    model.export_numpy(tmp_path / "new" / "folder", encoder_only=True)
    folder = tmp_path / "new" / "folder"
    assert sorted(file.name for file in folder.iterdir()) == ["encoder.npz", "encoder.py"]
    results = run_alone(folder, "encoder", x=samples((6, 6, 1)))
    assert list(results) == ["encode"]
    assert_equal(results["encode"], model.encode(samples((6, 6, 1))))
    with np.load(folder / "encoder.npz") as weights:
        assert sum(array.size for array in weights.values()) == model.encoder.parameter_count


@pytest.mark.large
def test_a_real_model_after_training(tmp_path):
    (x, _), (x_test, _) = tae.datasets.mnist_mini()
    model = tae.Autoencoder(
        [tae.Dense(64, "relu"), tae.Dense(8)], [tae.Dense(64, "relu"), tae.Dense(784)]
    )
    model.fit(x, epochs=3, verbose=0)
    model.export_numpy(tmp_path)
    x_test = x_test[:200]
    results = run_alone(tmp_path, "autoencoder", x=x_test, z=model.encode(x_test))
    assert_equal(results["encode"], model.encode(x_test))
    assert_equal(results["decode"], model.reconstruct(x_test))
    assert_equal(results["score"], model.reconstruction_error(x_test))


@pytest.mark.parametrize("kind", steps.PRIMITIVES)
def test_every_primitive_is_written_as_what_it_is(kind, tmp_path):
    model = one_step(kind)
    file, _ = model.export_numpy(tmp_path, encoder_only=True)
    x = np.random.default_rng(0).standard_normal((3, *model.input_shape))
    found, expected = runpy.run_path(str(file))["encode"](x), model.layers[0].forward(x)[0]
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_only_what_is_needed_is_written_and_reads_well(tmp_path):
    file, _ = dense().export_numpy(tmp_path)
    helpers = ["finite", "leaky_relu", "elu", "squared_error"]
    own = ["encode", "decode", "reconstruct"]
    assert functions(file) == [*helpers, *own, "score"]
    text = file.read_text()
    assert "    y = autoencoder.reconstruct(x)    #" in text
    assert (
        textwrap.dedent(
            '''
        def encode(x):
            """From x (n, 4) to (n, 2)."""
            h = np.asarray(x, np.float32)
            h = h @ weights["encoder_0_kernel"]
            h = h + weights["encoder_0_bias"]
            h = elu(h)  # (n, 5)
            h = h @ weights["encoder_1_kernel"]  # (n, 2)
            return finite(h)
        '''
        )
        in text
    )
    for build in MODELS.values():
        file, _ = build().export_numpy(tmp_path)
        text = file.read_text()
        assert max(map(len, text.splitlines())) <= 100
        assert "\n\n\n\n" not in text
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        helpers = set(functions(file)) - {"encode", "decode", "reconstruct", "score"}
        assert helpers <= names


def test_noise_vanishes(tmp_path):
    model = tae.Autoencoder(
        [tae.GaussianNoise(0.5), tae.Dense(2), tae.Dropout(0.5)], [tae.Dense(4)], input_shape=(4,)
    )
    file, _ = model.export_numpy(tmp_path)
    assert file.read_text().count("\n    h = ") == 6  # two inputs, and two layers with a bias


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([steps.Scale("V")], r"its steps name the weight 'V', but it has \['W'\]"),
        ([steps.Scale(["W"])], r"its steps name the weight \['W'\], but it has \['W'\]"),
        (None, r"its steps\(\) must give a list of steps, but gave None"),
        ("W", r"its steps\(\) must give a list of steps, but gave 'W'"),
        (steps.Scale("W"), r"its steps\(\) gave 'W', which is none of tinyae.primitives.steps"),
        ([steps.Scale], r"its steps\(\) gave <class .*Scale'>, which is none of"),
        ([None], r"its steps\(\) gave None, which is none of"),
        ([steps.Apply("relu")], r"its steps\(\) gave Apply.*whose activation is no Act"),
    ],
)
def test_steps_that_are_none_are_refused(given, message, tmp_path):
    model = tae.Autoencoder([Given(given)], [tae.Dense(4)], input_shape=(4,))
    assert_refused(model, rf"cannot write encoder\[0\] Given: {message}", tmp_path)


@pytest.mark.parametrize("name", ["two words", "a/b.c", "δ", "it's"])
def test_names_of_weights_that_fit(name, tmp_path):
    model = tae.Autoencoder([Given([steps.Scale(name)], name)], [tae.Dense(4)], input_shape=(4,))
    model.export_numpy(tmp_path)
    x = samples((4,))
    assert_equal(run_alone(tmp_path, "autoencoder", x=x, z=x)["encode"], model.encode(x))


@pytest.mark.parametrize("name", ['x"y', "x\\", "x\ny", "x\0", "\ud800"])
def test_names_of_weights_that_do_not_fit_are_refused(name, tmp_path):
    model = tae.Autoencoder([Given([steps.Scale(name)], name)], [tae.Dense(4)], input_shape=(4,))
    assert_refused(model, r"encoder\[0\] Given: its weight .* does not fit", tmp_path)
