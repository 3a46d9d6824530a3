"""Every public entry against every kind of input: refused by name, or as good as the plain array.

The code is as wide as the input, so one table of cases serves all entries.
"""

import copy

import numpy as np
import pytest

import tinyae as tae

N = 12


def plain():
    """Eighths in [0, 1], which every floating type holds exactly."""
    return (np.random.default_rng(0).integers(0, 9, (N, 6)) / 8).astype(np.float32)


def small_model(input_shape=(6,), **settings):
    return tae.Autoencoder(
        *([tae.Dense(6, "tanh")], [tae.Dense(6, "sigmoid")]),
        **{"input_shape": input_shape, "seed": 1, **settings},
    )


def fit(ae, *data, **settings):
    history = ae.fit(*data, **{"epochs": 2, "batch_size": 5, "verbose": 0, **settings})
    return [history["loss"], history.get("val_loss"), ae.parameters.tobytes()]


# What is called, and the name that the bad argument goes by
ENTRIES = {
    "fit x": ("x", lambda ae, bad: fit(ae, bad)),
    "fit y": ("y", lambda ae, bad: fit(ae, plain(), bad)),
    "fit validation x": ("validation_data", lambda ae, v: fit(ae, plain(), validation_data=v)),
    "fit validation pair": (
        "validation_data",
        lambda ae, v: fit(ae, plain(), validation_data=(plain(), v)),
    ),
    "encode": ("x", lambda ae, bad: ae.encode(bad)),
    "decode": ("z", lambda ae, bad: ae.decode(bad)),
    "reconstruct": ("x", lambda ae, bad: ae.reconstruct(bad)),
    "evaluate x": ("x", lambda ae, bad: ae.evaluate(bad)),
    "evaluate y": ("y", lambda ae, bad: ae.evaluate(plain(), bad)),
    "reconstruction_error x": ("x", lambda ae, bad: ae.reconstruction_error(bad)),
    "reconstruction_error y": ("y", lambda ae, bad: ae.reconstruction_error(plain(), bad)),
    "loss_and_gradient x": ("x", lambda ae, bad: ae.loss_and_gradient(bad)),
    "loss_and_gradient y": ("y", lambda ae, bad: ae.loss_and_gradient(plain(), bad)),
}
each_entry = pytest.mark.parametrize(("name", "call"), ENTRIES.values(), ids=ENTRIES)


def with_value(value, dtype=np.float64):
    x = plain().astype(dtype)
    x[7, 3] = value
    return x


BAD_VALUES = {
    "nan": lambda: with_value(np.nan),
    "infinity": lambda: with_value(np.inf),
    "minus infinity": lambda: with_value(-np.inf, np.float32),
    "too large for float32": lambda: with_value(1e39),
    "empty": lambda: np.empty((0, 6)),
    "object": lambda: plain().astype(object),
    "string": lambda: plain().astype(str),
    "bytes": lambda: plain().astype("S8"),
    "complex": lambda: plain().astype(complex),
    "dates": lambda: np.zeros((N, 6), "datetime64[s]"),
    "records": lambda: np.zeros((N, 6), [("a", "f4")]),
    "ragged": lambda: [[1.0] * 6, [1.0] * 5],
    "a mapping": lambda: {"x": plain()},
    "a number": lambda: 3.0,
    "one sample": lambda: plain()[0],
}
BAD_SHAPES = {
    "fewer features": lambda: plain()[:, :5],
    "more features": lambda: np.ones((N, 7)),
    "no features": lambda: np.ones((N, 0)),
    "another axis": lambda: plain().reshape(N, 2, 3),
}


def state(ae):
    built = ae.input_shape is not None
    return (
        built and ae.parameters.tobytes(),
        built and ae.slots.tobytes(),
        copy.deepcopy(dict(ae.history)),
        copy.deepcopy(ae.progress),
        [layer.built for layer in ae.layers],
    )


@each_entry
@pytest.mark.parametrize(
    "bad", [*BAD_VALUES.values(), *BAD_SHAPES.values()], ids=[*BAD_VALUES, *BAD_SHAPES]
)
def test_refused_by_name_and_the_model_unchanged(name, call, bad):
    ae = small_model()
    fit(ae, plain())
    before = state(ae)
    with pytest.raises(ValueError, match=rf"^{name}\b"):
        call(ae, bad())
    assert state(ae) == before
    fit(ae, plain())


@pytest.mark.parametrize(
    ("name", "call"), [pytest.param(*ENTRIES[key], id=key) for key in ENTRIES if key != "decode"]
)
@pytest.mark.parametrize("bad", BAD_VALUES.values(), ids=BAD_VALUES)
def test_a_model_not_yet_built_stays_so(name, call, bad):
    ae = small_model(input_shape=None)
    before = state(ae)
    with pytest.raises(ValueError, match=rf"^{name}\b"):
        call(ae, bad())
    assert state(ae) == before
    assert ae.encode(np.ones((2, 4))).shape == (2, 6)  # another width is still free to choose


@pytest.mark.parametrize("name", ["fit y", "fit validation pair", "evaluate y"])
@pytest.mark.parametrize("built", [True, False])
def test_as_many_targets_as_samples(name, built):
    ae = small_model(input_shape=(6,) if built else None)
    before = state(ae)
    with pytest.raises(ValueError, match="12 and 11"):
        ENTRIES[name][1](ae, plain()[:11])
    assert state(ae) == before


GOOD = {
    "float64": lambda x, folder: x.astype(np.float64),
    "float16": lambda x, folder: x.astype(np.float16),
    "long double": lambda x, folder: x.astype(np.longdouble),
    "big-endian": lambda x, folder: x.astype(">f4"),
    "big-endian double": lambda x, folder: x.astype(">f8"),
    "Fortran order": lambda x, folder: np.asfortranarray(x),
    "transposed": lambda x, folder: np.ascontiguousarray(x.T).T,
    "every second row": lambda x, folder: np.repeat(x, 2, axis=0)[::2],
    "every second column": lambda x, folder: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards": lambda x, folder: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    "read-only": lambda x, folder: frozen(x.copy()),
    "lists": lambda x, folder: x.tolist(),
    "tuples": lambda x, folder: tuple(map(tuple, x.tolist())),
    "memory map": lambda x, folder: memory_map(x, folder, "r"),
    "writable memory map": lambda x, folder: memory_map(x, folder, "r+"),
    "unaligned": lambda x, folder: unaligned(x),
    "broadcast": lambda x, folder: np.broadcast_to(x, (1, *x.shape))[0],
}


def frozen(x):
    x.flags.writeable = False
    return x


def memory_map(x, folder, mode):
    np.save(folder / "x.npy", x)
    return np.load(folder / "x.npy", mmap_mode=mode)


def unaligned(x):
    buffer = np.empty(x.nbytes + 1, np.uint8)
    buffer[1:] = np.frombuffer(x.tobytes(), np.uint8)
    return buffer[1:].view(np.float32).reshape(x.shape)


@each_entry
@pytest.mark.parametrize("convert", GOOD.values(), ids=GOOD)
def test_as_good_as_the_plain_array_and_never_modified(name, call, convert, tmp_path):
    x = convert(plain(), tmp_path)
    before = np.array(x).tobytes()
    np.testing.assert_equal(call(small_model(), x), call(small_model(), plain()))
    assert np.array(x).tobytes() == before


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", ">i4"])
@each_entry
def test_whole_numbers_are_numbers(name, call, dtype):
    x = (plain() > 0.5).astype(dtype)
    np.testing.assert_equal(call(small_model(), x), call(small_model(), x.astype(np.float32)))


@pytest.mark.parametrize(
    "key", [key for key in ENTRIES if key not in ("encode", "decode", "reconstruct")]
)
@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize(
    ("scale", "shift", "hint"), [(255, 0, "255"), (1, -0.5, r"\[0, 1\]"), (1e6, 0, r"\[0, 1\]")]
)
def test_cross_entropy_takes_targets_from_0_to_1(key, built, scale, shift, hint):
    name, call = ENTRIES[key]
    ae = small_model(input_shape=(6,) if built else None, loss="bce")
    before = state(ae)
    with pytest.raises(ValueError, match=rf"^{name}\b.*{hint}"):
        call(ae, plain() * scale + shift)
    assert state(ae) == before


def test_cross_entropy_bounds_targets_only():
    ae = small_model(loss="bce")
    fit(ae, plain() * 5 - 2, plain())
    ae.encode(plain() * 255)
    ae.reconstruct(plain() * 255)


@pytest.mark.parametrize("built", [True, False])
def test_a_model_whose_output_is_not_its_inputs_shape_asks_for_y(built):
    ae = tae.Autoencoder([tae.Dense(3)], [tae.Dense(4)], input_shape=(6,) if built else None)
    before = state(ae)
    with pytest.raises(ValueError, match=r"\(n, 6\) into \(n, 4\).*y"):
        fit(ae, plain())
    assert state(ae) == before


BAD_ARGUMENTS = [
    *({"epochs": bad} for bad in (-1, 2.5, True, "3", None)),
    *({"batch_size": bad} for bad in (0, -1, 2.5, True, "8", None)),
    *({"steps_per_epoch": bad} for bad in (0, -1, 2.5, True)),
    *({"initial_epoch": bad} for bad in (-1, 2.5, True)),
    *({"verbose": bad} for bad in (3, "loud", None)),
    {"verbose": "loud", "initial_epoch": 4},
]


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("arguments", BAD_ARGUMENTS, ids=str)
def test_arguments_of_fit(arguments, built):
    ae = small_model(input_shape=(6,) if built else None)
    before = state(ae)
    with pytest.raises(ValueError, match=next(iter(arguments))):
        fit(ae, plain(), **arguments)
    assert state(ae) == before


BAD_SETTINGS = [
    *({"dtype": bad} for bad in ("int8", "float16", "complex64", ">f4", "nonsense")),
    *({"threads": bad} for bad in (0, -1, 1.5, True)),
    *({"seed": bad} for bad in (-1, 1.5, "a", True)),
    *({"loss": bad} for bad in ("nonsense", 3, None, tae.MSE)),
    *({"optimizer": bad} for bad in ("nonsense", 3, None)),
    *({"input_shape": bad} for bad in ((0,), (-1,), (2.5,), ("a",), (6, None))),
]


@pytest.mark.parametrize("settings", BAD_SETTINGS, ids=str)
def test_settings_of_the_model(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        small_model(**settings)


@pytest.mark.parametrize("dtype", ["int8", "float16", "nonsense"])
def test_a_copy_in_a_dtype_that_models_do_not_have(dtype):
    ae = small_model()
    with pytest.raises(ValueError, match="dtype"):
        ae.copy(dtype)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
@pytest.mark.parametrize("bad", [[], [3], ["relu"], [tae.Dense]], ids=str)
def test_parts_hold_layers(part, bad):
    parts = {"encoder": [tae.Dense(2)], "decoder": [tae.Dense(6)], part: bad}
    with pytest.raises(ValueError, match=part):
        tae.Autoencoder(**parts)
