"""The exported C program gives what the model gives, without warnings, allocations or overruns."""

import subprocess

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import tinyae as tae
from tests.support.exported import assert_close, assert_refused
from tests.support.exported_c import compile_c, needs_a_compiler, run_c
from tests.support.format_1 import dense, images, samples
from tests.support.layer_cases import each_case
from tests.support.one_step import Given, OneStep, one_step
from tests.support.random_models import designs
from tinyae.export.c_files import read_functions
from tinyae.layers import steps
from tinyae.maths.activations import KNOWN

OF_LIBM = {"expf", "exp", "expm1f", "expm1", "tanhf", "tanh", "fabsf", "fabs"}
OF_EVERY_COMPILER = {"memset", "memcpy", "memmove"}  # which loops may become


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
@pytest.mark.large
@pytest.mark.parametrize("name", ["deep", "convolutional", "sparse"])
def test_ready_made_models(name, tmp_path):
    make = {"deep": lambda: tae.models.deep((784, 64, 8))}.get(name, getattr(tae.models, name))
    (_, _), (x, _) = tae.datasets.mnist_mini()
    model = make()
    check(model, tmp_path, x[:2].reshape(-1, *model.input_shape))
