"""What layers say of themselves in primitive steps is what their kernels compute."""

import pytest

import tinyae as tae
from tests.support.layer_cases import chain_of, each_case, samples
from tests.support.steps_in_numpy import RUN, assert_same, run_steps
from tinyae.checks.overridden import describes
from tinyae.export import c_calls, numpy_file, onnx_file, shapes
from tinyae.primitives import steps


def test_every_primitive_is_known_to_all_who_run_or_write_them():
    tables = (RUN, shapes.SHAPES, *(each.WRITERS for each in (numpy_file, c_calls, onnx_file)))
    assert [set(table) for table in tables] == [set(steps.PRIMITIVES)] * len(tables)


@each_case
def test_steps_are_what_the_kernels_compute(case):
    """Noise and dropout too, which do nothing outside training."""
    chain, x = chain_of(case), samples(case)
    h = x
    for layer in chain.layers:
        assert describes(layer, "steps")
        h = run_steps(layer, h)
        assert h.shape[1:] == layer.output_shape
    assert_same(h, chain.predict(x))


def test_a_layer_that_does_not_say_so_is_named():
    class Mine(tae.Layer):
        pass

    layer = Mine()
    layer.label = "encoder[0] Mine"
    with pytest.raises(NotImplementedError, match=r"encoder\[0\] Mine does not say which steps"):
        layer.steps()


def test_a_subclass_with_its_own_forward_takes_no_inherited_steps():
    class Doubled(tae.Dense):
        def forward(self, x, training=False, step=0, first=0):
            y, cache = super().forward(x, training, step, first)
            return 2 * y, cache

    assert not describes(Doubled(2), "steps")
