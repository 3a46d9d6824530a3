"""The exported C program gives what the model gives, without warnings, allocations or overruns."""

import re
import shutil
import subprocess
import textwrap

import numpy as np
import pytest
from hypothesis import given

import tinyae as tae
from tests.support.exported import assert_close
from tests.support.exported_c import compile_c, needs_a_compiler, run_c
from tests.support.format_1 import dense, images, samples
from tests.support.layer_cases import each_case
from tests.support.one_step import Given, one_step
from tests.support.random_models import designs
from tests.support.small_models import MIXED, mixed_model
from tinyae.export.c_calls import read_functions
from tinyae.maths.activations import KNOWN
from tinyae.primitives import steps

LIBM = {"exp", "expm1", "fabs", "log1p", "tanh"}
WRITTEN_BY_COMPILERS = {"memset", "memcpy", "memmove"}  # for plain loops


def check(model, folder, x, **options):
    """All that the program gives."""
    model.export_c(folder)
    found = run_c(folder, model, x, **options)
    assert_close(found.encode, model.encode(x))
    assert_close(found.decode, model.decode(found.encode))
    assert_close(found.reconstruct, model.reconstruct(x))


@needs_a_compiler
@each_case
def test_every_layer(case, tmp_path):
    model = tae.Autoencoder([case.make()], [tae.Activation("linear")], case.input_shape)
    rng = np.random.default_rng(0)
    model.parameters[...] += rng.normal(0, 0.2, model.parameters.size)
    check(model, tmp_path, rng.standard_normal((5, *case.input_shape)))


@needs_a_compiler
@pytest.mark.parametrize("kind", steps.PRIMITIVES)
def test_every_primitive(kind, tmp_path):
    model = one_step(kind)
    x = np.random.default_rng(0).standard_normal((3, *model.input_shape))
    check(model, tmp_path, x)


@needs_a_compiler
@given(design=designs())
def test_random_models(design, tmp_path_factory):
    check(design.make(), tmp_path_factory.mktemp("c"), design.x)


@needs_a_compiler
@pytest.mark.parametrize("pixels", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", MIXED)
def test_columns_that_a_loss_takes_as_logits(name, dtype, pixels, tmp_path):
    check(mixed_model(name, dtype, pixels), tmp_path, samples((6,)))


@needs_a_compiler
@pytest.mark.large
@pytest.mark.parametrize("name", ["deep", "convolutional", "sparse"])
def test_ready_made_models(name, tmp_path):
    make = {"deep": lambda: tae.models.deep((784, 64, 8))}.get(name, getattr(tae.models, name))
    (_, _), (x, _) = tae.datasets.mnist_mini()
    model = make()
    check(model, tmp_path, x[:2].reshape(-1, *model.input_shape))


@needs_a_compiler
@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3", "-Os"])
def test_no_warning_at_any_level(level, tmp_path):
    """What a compiler sees, and warns of, depends on how much it puts together."""
    for model in (images(), images().copy(dtype="float64"), every_activation()):
        model.export_c(tmp_path)
        compile_c(tmp_path, "autoencoder", level)


def every_activation():
    """With images that are cropped and repeated, too."""
    return tae.Autoencoder(
        [tae.Dense(4, name) for name in KNOWN],
        [tae.Reshape((2, 2, 1)), tae.UpSampling2D(), tae.Conv2DTranspose(2, 3, 2, "same")],
        input_shape=(4,),
    )


@needs_a_compiler
def test_the_encoder_alone(tmp_path):
    model, x = images(), samples((6, 6, 1))
    files = model.export_c(tmp_path / "new" / "folder", encoder_only=True)
    folder = tmp_path / "new" / "folder"
    assert files == [folder / "encoder.c", folder / "encoder.h"]
    assert sorted(folder.iterdir()) == files
    assert "decode" not in files[0].read_text() + files[1].read_text()
    assert_close(run_c(folder, model, x, encoder_only=True).encode, model.encode(x))


@needs_a_compiler
@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm")
def test_no_library_but_libm_is_needed_and_nothing_allocated(tmp_path):
    every_activation().export_c(tmp_path)
    listed = ["nm", "-u", compile_c(tmp_path, "autoencoder", "-O3")]
    undefined = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
    called = {name.removesuffix("f") for name in undefined} - {"U", "_GLOBAL_OFFSET_TABLE_"}
    assert called <= LIBM | WRITTEN_BY_COMPILERS
    assert {"expm1", "tanh", "exp"} <= called


@needs_a_compiler
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_number_is_written_exactly(dtype, tmp_path):
    limits = np.finfo(dtype)
    numbers = [limits.max, limits.tiny, limits.smallest_subnormal, limits.eps, 1, -0.1, 1 / 3, 1e5]
    model = tae.Autoencoder(
        [tae.Dense(len(numbers), use_bias=False)], [tae.Dense(1)], (1,), dtype=dtype
    )
    model.layers[0].weights["kernel"][...] = numbers
    model.layers[1].weights["kernel"][...] = 0
    model.export_c(tmp_path)
    codes = run_c(tmp_path, model, np.ones((1, 1))).encode
    np.testing.assert_array_equal(codes, model.layers[0].weights["kernel"])


@needs_a_compiler
def test_weights_of_any_name_and_weights_that_are_used_twice(tmp_path):
    for name in ("two words", "*/", "δ", "1", '"', "\ud800"):
        given = [steps.Bias(name), steps.Scale(name), steps.Apply(KNOWN["relu"]), steps.Scale(name)]
        model = tae.Autoencoder([Given(given, name)], [tae.Activation("linear")], (4,))
        x = samples((4,)).astype(np.float32)
        model.export_c(tmp_path)
        w = model.layers[0].weights[name]
        assert_close(run_c(tmp_path, model, x).encode, np.maximum((x + w) * w, 0) * w)


def test_functions_come_for_every_activation_and_are_named_once():
    _, functions = read_functions()
    assert {f"apply_{name}" for name in KNOWN if name != "linear"} <= functions.keys()
    text = "\n\n".join(functions.values())
    assert len(functions) == text.count("static void")


def test_only_what_is_needed_is_written_and_reads_well(tmp_path):
    source, header = dense().export_c(tmp_path)
    found = re.findall(r"^(?:static )?void (\w+)", source.read_text(), re.M)
    needed = ["clear", "add_product", "product", "add_bias", "apply_leaky_relu", "apply_elu"]
    assert found == [*needed, *(f"autoencoder_{v}" for v in ("encode", "decode", "reconstruct"))]
    assert (
        textwrap.dedent(
            """
        void autoencoder_encode(const float x[AUTOENCODER_INPUTS],
                                float z[AUTOENCODER_CODES],
                                float work[AUTOENCODER_WORK])
        {
            float *a = work;

            product(x, 1, 4, encoder_0_kernel, 5, a);
            add_bias(a, 1, 5, encoder_0_bias, a);
            apply_elu(a, 5, a); /* 5 */
            product(a, 1, 5, encoder_1_kernel, 2, z); /* 2 */
        }
        """
        )
        in source.read_text()
    )
    assert "\n#define AUTOENCODER_WORK 7\n" in header.read_text()
    assert "x is 4, z is 2, y is 4;" in header.read_text()
    for model in (dense(dtype="float64"), images()):
        for file in model.export_c(tmp_path):
            assert max(map(len, file.read_text().splitlines())) <= 100
            assert "\n\n\n" not in file.read_text()
