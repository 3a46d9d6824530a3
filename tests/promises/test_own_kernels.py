"""What the library uses, its users can use: parts of one's own that run in the compiled loop."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import tinyae as tae
from tests.support.jit import needs_jit
from tests.support.own_parts import CUSTOM, SOFTSIGN, Cauchy, OwnScale
from tests.support.ways import take
from tinyae.layers import dense
from tinyae.system.numba_parts import DISABLED


def samples(n=40, dtype="float64"):
    return np.random.default_rng(0).normal(size=(n, 6)).astype(dtype)


def model(dtype="float64", threads=1, **options):
    return tae.Autoencoder(
        encoder=[OwnScale(), tae.Dense(5, SOFTSIGN), tae.Dense(3)],
        decoder=[tae.Activation(SOFTSIGN), tae.Dense(6), OwnScale()],
        loss=Cauchy(0.7),
        input_shape=(6,),
        dtype=dtype,
        threads=threads,
        **options,
    )


def test_gradients_are_those_of_finite_differences_compiled_and_eager():
    report = tae.check_gradients(model(), samples(7))
    assert report.passed, report
    assert all(np.isfinite(row.compiled_error) for row in report.rows)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_compiled_and_eager_training_agree(dtype):
    x = samples(dtype=dtype)
    compiled, eager = model(dtype), model(dtype)
    compiled.fit(x, epochs=3, batch_size=8, verbose=0)
    eager.fit(x, epochs=3, batch_size=8, verbose=0, eager=True)
    tolerance = {"float32": 1e-4, "float64": 1e-12}[dtype]
    np.testing.assert_allclose(compiled.parameters, eager.parameters, rtol=0, atol=tolerance)
    assert compiled.evaluate(x)["loss"] < model(dtype).evaluate(x)["loss"]


def test_predictions_equal_plain_numpy():
    x, ae = samples(), model()
    first, inner, code = ae.encoder.layers
    h = x * first.weights["scale"]
    h = h @ inner.weights["kernel"] + inner.weights["bias"]
    z = SOFTSIGN.numpy(h) @ code.weights["kernel"] + code.weights["bias"]
    np.testing.assert_allclose(ae.encode(x), z, rtol=1e-12)
    errors = Cauchy.numpy(ae.reconstruct(x), x, 0.7).mean(axis=1)
    np.testing.assert_allclose(ae.reconstruction_error(x), errors, rtol=1e-12)


def test_the_trace_shows_their_formulas():
    report = tae.trace(model(), samples(4))
    assert report.rows[0].formula.forward == "y = s x"
    assert report.rows[1].formula.forward == "y = softsign(x W + b)"
    assert report.rows[1].formula.backward.startswith("dz = dy (1 − |y|)²; ")
    assert report.loss_formula == Cauchy.formula


def test_files_bring_them_back(tmp_path):
    x, ae = samples(), model()
    ae.fit(x, epochs=2, verbose=0)
    ae.save(tmp_path / "model.npz", training_state=True)
    loaded = tae.load(tmp_path / "model.npz", custom=CUSTOM, threads=1)
    assert loaded.loss.width == 0.7
    for each in (ae, loaded):
        each.fit(x, epochs=1, verbose=0)
    assert loaded.parameters.tobytes() == ae.parameters.tobytes()
    with pytest.raises(tae.ModelFormatError, match="'OwnScale'; pass custom="):
        tae.load(tmp_path / "model.npz")
    with pytest.raises(tae.ModelFormatError, match="'softsign'; pass custom="):
        tae.load(tmp_path / "model.npz", custom={"OwnScale": OwnScale})


def test_the_exported_file_computes_the_same(tmp_path):
    x, ae = samples(), model()
    ae.export_numpy(tmp_path)
    spec = importlib.util.spec_from_file_location("exported_own", tmp_path / "autoencoder.py")
    exported = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(exported)
    np.testing.assert_allclose(exported.encode(x), ae.encode(x), rtol=1e-12)
    np.testing.assert_allclose(exported.score(x), ae.reconstruction_error(x), rtol=1e-12)
    text = (tmp_path / "autoencoder.py").read_text(encoding="utf-8")
    assert "tinyae" not in text.partition('"""\n\n')[2]


def test_what_has_no_reading_in_numpy_is_refused_by_name(tmp_path):
    bare = SOFTSIGN._replace(numpy=None)
    ae = tae.Autoencoder([tae.Dense(2, bare)], [tae.Dense(6)], input_shape=(6,))
    with pytest.raises(ValueError, match="cannot write the activation softsign"):
        ae.export_numpy(tmp_path)

    class Silent(OwnScale):
        def forward(self, x, training=False, step=0, first=0):
            return super().forward(2 * x, training, step, first)

    ae = tae.Autoencoder([Silent()], [tae.Dense(6)], input_shape=(6,))
    with pytest.raises(ValueError, match="Silent does not say which steps it takes"):
        ae.export_numpy(tmp_path)


@tae.kernel
def too_few(op, w, x, y):
    y[0, 0] = x[0, 0]


@tae.kernel
def of_text(op, w, x, y, scratch, step, first):
    y[0, 0] = "one"


def plain(op, w, x, y, scratch, step, first):
    y[0, 0] = x[0, 0]


def layer_with(kernel):
    return type("Own", (OwnScale,), {"kernels": OwnScale.kernels._replace(forward=kernel)})()


@pytest.mark.parametrize("use", ["fit", "forward"])
def test_a_kernel_with_a_wrong_signature_is_refused_by_name(use):
    def run(layer):
        ae = tae.Autoencoder([layer], [tae.Dense(6)], input_shape=(6,))
        if use == "fit":
            ae.fit(samples(), verbose=0)
        else:
            layer.forward(samples(dtype="float32"))

    with pytest.raises(
        ValueError, match=r"too_few must take \(op, w, x, y, scratch, step, first\)"
    ):
        run(layer_with(too_few))
    if not DISABLED:
        with pytest.raises(ValueError, match=r"of_text\(op, w, .*\) cannot be compiled"):
            run(layer_with(of_text))
        with pytest.raises(ValueError, match=r"plain must be a kernel"):
            run(layer_with(plain))


def test_an_activation_and_a_loss_with_wrong_kernels_are_refused_by_name():
    wrong = SOFTSIGN._replace(backward=too_few)
    ae = tae.Autoencoder([tae.Dense(2, wrong)], [tae.Dense(6)], input_shape=(6,))
    with pytest.raises(ValueError, match=r"too_few must take \(a, d\)"):
        ae.fit(samples(), verbose=0)

    class Wrong(tae.Loss):
        kernel = too_few

    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(6)], loss=Wrong(), input_shape=(6,))
    with pytest.raises(ValueError, match=r"too_few must take \(y, x, settings, scale, dy, sums\)"):
        ae.fit(samples(), verbose=0)


@pytest.fixture
def own_dense(tmp_path):
    """The class of Dense, defined in a file outside the package."""
    source = Path(dense.__file__).read_text(encoding="utf-8")
    source = source.replace("from ..", "from tinyae.").replace("from .", "from tinyae.layers.")
    source = source.replace("class Dense(", "class OwnDense(")
    source = source.replace("Dense.kernels", "OwnDense.kernels")
    path = tmp_path / "own_dense.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("own_dense", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["own_dense"] = module
    spec.loader.exec_module(module)
    yield module.OwnDense
    del sys.modules["own_dense"]


@needs_jit
@pytest.mark.parametrize("sizes", [(6, 4, 2), (784, 400, 2)])
def test_a_copy_of_dense_outside_the_package_trains_to_the_same_bytes(
    own_dense, sizes, monkeypatch
):
    take("apart" if sizes[0] > 100 else "samples", monkeypatch)
    n, hidden, code = sizes
    x = np.random.default_rng(0).random((64, n), dtype=np.float32)

    def trained(kind):
        encoder = [kind(hidden, "relu"), kind(code)]
        ae = tae.Autoencoder(encoder, [kind(hidden, "relu"), kind(n)], threads=2)
        ae.fit(x, epochs=2, batch_size=16, verbose=0)
        return ae.parameters.tobytes()

    assert trained(own_dense) == trained(tae.Dense)
