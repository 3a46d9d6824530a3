"""The exported Python file gives what the model gives, where neither tinyae nor Numba are."""

import ast
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import tinyae as tae
from tests.support.format_1 import dense, images, samples
from tinyae.export import numpy_layers
from tinyae.maths import activations

ALONE = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tinyae", "numba", "llvmlite", "scipy", "matplotlib"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Block())
import importlib
import numpy as np
folder, name = sys.argv[1:]
sys.path.insert(0, folder)
module = importlib.import_module(name)
given = dict(np.load(f"{folder}/given.npz"))
results = {}
for key in ("encode", "decode", "score"):
    if hasattr(module, key):
        more = [given["target"]] if key == "score" and "target" in given else []
        results[key] = getattr(module, key)(given["z" if key == "decode" else "x"], *more)
np.savez(f"{folder}/results.npz", **results)
"""


def run_alone(folder, name, **given):
    """What the exported functions give, in a process that cannot import tinyae."""
    np.savez(folder / "given.npz", **given)
    command = [sys.executable, "-I", "-W", "error", "-c", ALONE, str(folder), name]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "results.npz") as results:
        return dict(results)


def assert_equal(result, expected):
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    largest = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(result / largest, expected / largest, rtol=0, atol=1e-6)


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


@pytest.mark.parametrize("name", activations.NAMES[1:])
def test_its_activations_are_the_layers(name):
    z = np.linspace(-200, 200, 801, dtype=np.float32).reshape(1, -1)
    layer = tae.Sequential([tae.Activation(name)])
    layer.build(z.shape[1:])
    expected = layer.forward(z)[0]
    assert_equal(getattr(numpy_layers, name)(z), expected)


@pytest.mark.parametrize(
    ("layer", "run"),
    [
        (
            tae.Conv2D(3, (2, 3), strides=(1, 2)),
            lambda x, W: numpy_layers.conv(x, W, (1, 2), (5, 2)),
        ),
        (
            tae.Conv2DTranspose(3, (2, 1), strides=(2, 3)),
            lambda x, W: numpy_layers.conv_transpose(x, W, (2, 3), (0, 0), (12, 18)),
        ),
        (
            tae.MaxPooling2D((3, 2), strides=2, padding="same"),
            lambda x: numpy_layers.max_pool(
                numpy_layers.pad(x, (0, 1), (0, 0), -np.inf), (3, 2), (2, 2), (3, 3)
            ),
        ),
        (
            tae.AveragePooling2D((3, 2), strides=2, padding="same"),
            lambda x: numpy_layers.average_pool(x, (3, 2), (2, 2), (0, 1), (0, 0), (3, 3)),
        ),
        (tae.UpSampling2D((2, 3)), lambda x: numpy_layers.upsample(x, 2, 3)),
    ],
)
def test_its_images_are_the_layers(layer, run):
    x = np.random.default_rng(0).standard_normal((2, 6, 6, 2)).astype(np.float32)
    chain = tae.Sequential([layer])
    chain.build(x.shape[1:])
    weights = [layer.weights["kernel"]] if layer.weights else []
    assert_equal(run(x, *weights), layer.forward(x)[0])


def functions(file):
    return [
        node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)
    ]


def test_only_what_is_needed_is_written_and_reads_well(tmp_path):
    file, _ = dense().export_numpy(tmp_path)
    assert functions(file) == ["leaky_relu", "elu", "encode", "decode", "score"]
    text = file.read_text()
    assert (
        textwrap.dedent(
            '''
        def encode(x):
            """From x (n, 4) to (n, 2)."""
            h = np.asarray(x, np.float32)
            h = h @ weights["encoder_0_kernel"] + weights["encoder_0_bias"]
            h = elu(h)  # (n, 5)
            h = h @ weights["encoder_1_kernel"]  # (n, 2)
            return h
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
        helpers = set(functions(file)) - {"encode", "decode", "score"}
        assert helpers <= names


def test_noise_vanishes(tmp_path):
    model = tae.Autoencoder(
        [tae.GaussianNoise(0.5), tae.Dense(2), tae.Dropout(0.5)], [tae.Dense(4)], input_shape=(4,)
    )
    file, _ = model.export_numpy(tmp_path)
    assert file.read_text().count("\n    h = ") == 4  # two inputs and two layers


class Mine(tae.Layer):
    def forward(self, x, training=False, step=0, first=0):
        return 2 * x, None


class Other:
    def value_and_gradient(self, output, target):
        return 0.0, output


def test_parts_of_ones_own_are_refused(tmp_path):
    def build(layer, loss="mse"):
        return tae.Autoencoder([layer], [tae.Dense(4)], input_shape=(4,), loss=loss)

    with pytest.raises(ValueError, match=r"encoder\[0\] Mine, which is not tinyae's"):
        build(Mine()).export_numpy(tmp_path / "out")
    with pytest.raises(ValueError, match=r"the loss .*Other.*encoder_only=True"):
        build(tae.Dense(2), Other()).export_numpy(tmp_path / "out")
    with pytest.raises(ValueError, match="export_numpy needs a built model"):
        tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)]).export_numpy(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    build(tae.Dense(2), Other()).export_numpy(tmp_path / "out", encoder_only=True)
