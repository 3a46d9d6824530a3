"""Numbers of any size, under any floating-point state: finite results, or refusals by name."""

import importlib.util

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyae as tae
from tests.support.entries import ENTRIES, data

# fit says so once, and goes on
pytestmark = pytest.mark.filterwarnings("ignore:.* outputs lie in:UserWarning")
exponents = st.one_of(
    st.sampled_from([-310, -160, -45, -38, 18, 38, 155, 307]), st.integers(-310, 307)
)
dtypes = st.sampled_from(["float32", "float64"])
states = st.sampled_from(["raise", "warn"])
X = data()


class Through(tae.Layer):
    """Makes a model train eagerly."""

    def forward(self, x, training=False, step=0, first=0):
        return x, None

    def backward(self, dy, cache):
        return dy


def scaled(x, exponent, dtype="float64"):
    with np.errstate(all="ignore"):  # which here is what is asked for
        return (x * 10.0**exponent).astype(dtype)


def finite(result):
    if isinstance(result, dict):
        return all(map(finite, result.values()))
    if isinstance(result, list | tuple):
        return all(map(finite, result))
    if isinstance(result, float | np.ndarray | np.generic) and np.asarray(result).dtype.kind == "f":
        return bool(np.isfinite(result).all())
    return not isinstance(result, str) or "nan" not in result


def finite_or_refused(call):
    """Warnings are errors here, and so is what NumPy raises: neither is a refusal."""
    try:
        result = call()
    except (ValueError, tae.TrainingDiverged):
        return
    finally:
        plt.close("all")
    assert finite(result)


# What is not measured is infinite in a history, and what a layer or a comparison finds may be
TOLD = ("fit validation", "trace")


@pytest.mark.parametrize("key", [key for key in ENTRIES if not key.startswith("images: ")])
@settings(max_examples=12)
@given(exponent=exponents, dtype=dtypes, model=dtypes, state=states)
def test_every_entry(key, exponent, dtype, model, state):
    entry = ENTRIES[key]
    x, subject = scaled(data(entry.shape), exponent, dtype), entry.fresh()
    if isinstance(subject, tae.Autoencoder):
        subject = subject.copy(model)

    def call():
        with np.errstate(all=state):
            result = entry.call(subject, x)
        return "told" if key.startswith(TOLD) else result

    finite_or_refused(call)


def sized(ae, x):
    """The model with weights of the data's size."""
    ae.parameters[...] = np.resize(x, ae.parameters.shape)
    return ae


def exported(ae, folder):
    spec = importlib.util.spec_from_file_location("exported", ae.export_numpy(folder)[0])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CALLS = {
    "fit": lambda ae, x: [ae.fit(x, epochs=2, batch_size=5, verbose=0)["loss"], ae.parameters],
    "fit eagerly": lambda ae, x: ae.fit(x, eager=True, verbose=0)["loss"],
    "fit and draw": lambda ae, x: ae.fit(x, epochs=3, verbose=0).plot(),
    "evaluate": lambda ae, x: [ae.evaluate(x), ae.evaluate(X, x)],
    "errors": lambda ae, x: [ae.reconstruction_error(x), ae.reconstruction_error(X, x, True)],
    "gradient": lambda ae, x: ae.loss_and_gradient(x),
    "gradient, eager": lambda ae, x: ae.loss_and_gradient(x, eager=True, training=True),
    "use": lambda ae, x: [ae.reconstruct(x), ae.encode(x[:1]), ae.decode(x[:, :2])],
    "compare": lambda ae, x: str(tae.compare_with_pca(ae, x)),
    "check": lambda ae, x: tae.check_gradients(ae, x[:2]).verdict,
    "sample": lambda ae, x: tae.generate(ae, tae.GaussianSampler("full").fit(ae.encode(x)), 5),
    "report": lambda ae, x: str(tae.latent_diagnostics(ae.encode(x))),
    "weights": lambda ae, x: sized(ae, x).reconstruct(X),
    "weights, fit": lambda ae, x: sized(ae, x).fit(X, verbose=0)["loss"],
    "weights, compare": lambda ae, x: str(tae.compare_with_pca(sized(ae, x), X)),
    "weights, copied": lambda ae, x: sized(ae, x).copy("float32").parameters,
    "loss alone": lambda ae, x: ae.loss.value_and_gradient(X, x) and "may be infinite",
    "layer alone": lambda ae, x: ae.layers[-1].forward(x[:, :2]) and "may be infinite",
}


def model(kind, dtype, eager):
    last, settings, regularizer = {
        "mse": ("linear", {}, None),
        "bce": ("sigmoid", {"loss": "bce"}, None),
        "penalties": ("relu", {}, tae.L1L2(0.1, 0.1)),
    }[kind]
    encoder = [*([Through()] if eager else []), tae.Dense(2, activity_regularizer=regularizer)]
    shape = {"input_shape": (6,), "dtype": dtype, "seed": 1}
    return tae.Autoencoder(encoder, [tae.Dense(6, last)], **shape, **settings)


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=25)
@given(
    kind=st.sampled_from(["mse", "bce", "penalties"]),
    dtype=dtypes,
    eager=st.booleans(),
    exponent=exponents,
    shift=st.sampled_from([0, 0.5]),
    state=states,
)
def test_linear_models_of_every_kind(call, kind, dtype, eager, exponent, shift, state):
    ae, x = model(kind, dtype, eager), scaled(X - shift, exponent)
    if call.startswith("weights"):
        x = scaled(X - shift, min(exponent, 37) if dtype == "float32" else exponent, dtype)

    def called():
        with np.errstate(all=state):
            return CALLS[call](ae, x)

    finite_or_refused(called)


@given(kind=st.sampled_from(["mse", "bce"]), exponent=exponents, dtype=dtypes, state=states)
@settings(max_examples=30)
def test_exported_files(kind, exponent, dtype, state, tmp_path_factory):
    ae, x = model(kind, dtype, False), scaled(X - 0.5, exponent)
    file = exported(ae, tmp_path_factory.mktemp("exported"))
    for call in (file.encode, file.reconstruct, file.score, lambda x: file.decode(x[:, :2])):
        with np.errstate(all=state):
            finite_or_refused(lambda call=call: call(x))


@pytest.mark.parametrize("make", [tae.datasets.two_gaussians, tae.datasets.sine_curve])
def test_made_data(make):
    with np.errstate(all="raise"):
        make()


# The finite true value


@pytest.mark.parametrize("exponent", [-1060, -1000, -530, 510, 516, 1023])
def test_diagnostics_do_not_depend_on_the_scale(exponent):
    codes = np.random.default_rng(0).uniform(-1, 1, (50, 3)).round(3)
    near, far = tae.latent_diagnostics(codes), tae.latent_diagnostics(np.ldexp(codes, exponent))
    tolerance = 1e-3 if exponent == -1060 else 1e-12  # few bits are left there
    np.testing.assert_allclose(far.correlation, near.correlation, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(far.dependence, near.dependence, rtol=tolerance, atol=tolerance)
    for mine, other in zip(near.units, far.units, strict=True):
        expected = np.ldexp(np.array(mine[:4]), exponent)
        np.testing.assert_allclose(other[:4], expected, rtol=tolerance, atol=1e-322)
    expected = np.ldexp(near.mean_absolute, exponent)
    np.testing.assert_allclose(far.mean_absolute, expected, rtol=tolerance)


def test_diagnostics_of_units_of_many_scales():
    codes = np.random.default_rng(0).normal(size=(50, 3))
    near = tae.latent_diagnostics(codes)
    far = tae.latent_diagnostics(np.ldexp(codes, [-900, 0, 900]))
    np.testing.assert_allclose(far.correlation, near.correlation, rtol=1e-12)
    np.testing.assert_allclose(far.dependence, near.dependence, rtol=1e-12)
    np.testing.assert_allclose(far.mean_absolute, np.ldexp(np.abs(codes[:, 2]).sum() / 150, 900))


def test_numbers_beyond_float32_are_not_copied_into_it():
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(6)], input_shape=(6,), dtype="float64")
    ae.fit(X, verbose=0)
    for array, what in ((ae.parameters, "a parameter"), (ae.slots, "the optimizer's state")):
        before = array.copy()
        array.flat[3] = 1e39
        with pytest.raises(ValueError, match=f"{what} is beyond float32"):
            ae.copy("float32")
        assert array.flat[3] == 1e39
        assert ae.copy().parameters.dtype == np.float64
        array[...] = before
    assert ae.copy("float32").parameters.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda ae, x: ae.encode(x), "an output"),
        (lambda ae, x: ae.reconstruct(x), "an output"),
        (lambda ae, x: ae.decode(x[:, :2]), "an output"),
        (lambda ae, x: ae.evaluate(x), "the loss"),
        (lambda ae, x: ae.evaluate(X[:4], x), "the loss"),
        (lambda ae, x: ae.reconstruction_error(x), "an error"),
        (lambda ae, x: ae.reconstruction_error(x, per_feature=True), "an error"),
        (lambda ae, x: ae.loss_and_gradient(x), "the loss"),
    ],
)
@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize(("dtype", "far"), [("float32", 3e38), ("float64", 1.7e308)])
def test_what_overflows_is_refused_by_name(call, what, eager, dtype, far):
    encoder = [Through()] * eager + [tae.Dense(2, kernel_initializer=lambda s, r: np.full(s, 0.9))]
    decoder = [tae.Dense(6, kernel_initializer=lambda s, r: np.full(s, 0.9))]
    ae = tae.Autoencoder(encoder, decoder, input_shape=(6,), dtype=dtype)
    with pytest.raises(ValueError, match=f"{what} is beyond float"):
        call(ae, np.full((4, 6), far))


@pytest.mark.parametrize("scale", [1e-170, 1e160])
def test_a_comparison_whose_squares_are_lost_is_refused(scale):
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(6)], input_shape=(6,), dtype="float64")
    with pytest.raises(ValueError, match="scale"):
        tae.compare_with_pca(ae, X * scale)


@pytest.mark.parametrize("scale", [1e-170, 1e160])
def test_a_density_whose_squares_are_lost_is_refused(scale):
    with pytest.raises(ValueError, match="squares"):
        tae.GaussianSampler().fit(X * [1, 1, 1, 1, 1, scale])


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("limit", [{"clipnorm": 1e-38}, {"global_clipnorm": 1e-45}])
def test_a_gradient_that_is_clipped_to_nothing(limit, eager):
    ae = tae.Autoencoder([tae.Dense(2)], [tae.Dense(6)], optimizer=tae.SGD(0.1, **limit))
    with np.errstate(all="raise"):
        ae.fit(X, verbose=0, eager=eager)
    assert np.isfinite(ae.parameters).all()


def test_settings_that_are_too_small_or_too_large():
    for stddev in (5e-324, 1.7e308):
        layer = tae.Dense(2, kernel_initializer=tae.RandomNormal(stddev))
        with np.errstate(all="raise"):
            if stddev > 1:
                with pytest.raises(ValueError, match="initializer of kernel must give finite"):
                    layer.build((6,))
            else:
                layer.build((6,))
    with np.errstate(all="raise"), pytest.raises(ValueError, match="a point is beyond float32"):
        tae.datasets.sine_curve(5, noise=1e200)
    with np.errstate(all="raise"), pytest.raises(ValueError, match="bounds must be"):
        tae.plot.manifold(
            tae.Autoencoder([tae.Dense(2)], [tae.Dense(4)], input_shape=(4,)),
            bounds=(0, np.finfo(np.longdouble).max),
        )
