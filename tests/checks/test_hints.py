"""What is misspelt, or called otherwise elsewhere: the error says what it is called here."""

import copy
import importlib
import inspect
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest

import tinyae as tae
from tests.support import foreign
from tests.support.parameters import parameters, signatures
from tinyae.checks.foreign_arguments import ARGUMENTS, NUMBER, VALUES
from tinyae.checks.foreign_names import ATTRIBUTES, NONE
from tinyae.checks.spelling import letters

X = np.random.default_rng(0).random((8, 4))


def model():
    return tae.Autoencoder([tae.Dense(3)], [tae.Dense(4)])


OBJECTS = {
    "Autoencoder": model,
    "Density": model,
    "Exportable": model,
    "Sequential": lambda: tae.Sequential([tae.Dense(3)]),
    "Layer": lambda: tae.Conv2D(3, 3),
    "Tied": lambda: tae.Tied(tae.Dense(3)),
    "PCA": tae.PCA,
    "GaussianSampler": tae.GaussianSampler,
    "History": tae.History,
    "Optimizer": tae.Adam,
    "Loss": tae.MSE,
    "Monitor": tae.EarlyStopping,
    "AnomalyDetector": lambda: tae.AnomalyDetector(model()),
    "tinyae": lambda: tae,
    "tinyae.datasets": lambda: tae.datasets,
    "tinyae.plot": lambda: tae.plot,
}


def said(hint):
    return re.escape(f"; {NONE}" if hint == NONE else f"; in tinyae: {hint}") + "$"


@pytest.mark.parametrize("owner", ATTRIBUTES)
def test_a_foreign_attribute_is_explained_and_none_of_them_is_there(owner):
    subject = OBJECTS[owner]()
    for name, hint in ATTRIBUTES[owner].items():
        assert name not in dir(subject), name
        with pytest.raises(AttributeError, match=f"{name!r}{said(hint)}"):
            getattr(subject, name)
        assert not hasattr(subject, name)


FUNCTIONS = dict(signatures())


def called(owner):
    """The constructor, function or bound method of that name."""
    kind, _, method = owner.partition(".")
    if method:
        return getattr(OBJECTS[kind](), method)
    return {"Layer": tae.Dense, "Optimizer": tae.Adam}.get(owner, FUNCTIONS[owner])


@pytest.mark.parametrize("owner", ARGUMENTS)
def test_a_foreign_argument_is_explained_and_none_of_them_is_there(owner):
    """For the class that is named, or one below it, and for a method or function."""
    known = parameters(owner, called(owner))
    for name, hint in ARGUMENTS[owner].items():
        assert name not in known, name
        with pytest.raises(TypeError, match=f"has no argument {name!r}{said(hint)}"):
            called(owner)(**{name: 1})


def taken(what, value):
    """A model or layer for which that part is given so."""
    if what in ("loss", "optimizer"):
        return tae.Autoencoder([tae.Dense(3)], [tae.Dense(4)], **{what: value})
    if what == "penalty":
        return tae.models.sparse(value)
    return tae.Conv2D(3, 3, **{what: value})


KINDS = {each: f"kernel_{each}" for each in ("constraint", "initializer", "regularizer")}


@pytest.mark.parametrize("kind", VALUES)
def test_a_foreign_word_is_explained_and_none_of_them_is_taken(kind):
    what = KINDS.get(kind, kind)
    for word, hint in VALUES[kind].items():
        given, end = (4, re.escape(f"; {hint}") + "$") if word == NUMBER else (word, said(hint))
        with pytest.raises(ValueError, match=rf"{what} must be .*{given!r}{end}"):
            taken(what, given)
        if word != NUMBER and "(" not in hint and hint != NONE:
            taken(what, hint)


HINTS = [
    *((owner, hint) for table in (ATTRIBUTES, ARGUMENTS) for owner in table
      for hint in {*table[owner].values()}),
    *(("tinyae", hint) for words in VALUES.values() for hint in words.values()),
]  # fmt: skip
CALLED = re.compile(r"(?<![\w.])((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)\(")
NOT_OURS = {"range", "len", "print", "callback", "matplotlib.pyplot.show",
            "matplotlib.pyplot.figure", "axes.figure.savefig", "callable"}  # fmt: skip


@pytest.mark.parametrize("owner", sorted({owner for owner, _ in HINTS}))
def test_what_a_hint_calls_is_there(owner):
    x = tae.PCA(2).fit(X).encode(X)
    kind = owner.partition(".")[0] if not owner.startswith("tinyae") else owner
    subject = OBJECTS.get(kind, OBJECTS["tinyae"])()
    for place, hint in HINTS:
        for name in CALLED.findall(hint) if place == owner else ():
            path = re.sub("^(tae|tinyae|model|x|codes)[.]", "", name).split(".")
            if name in NOT_OURS or name.startswith("log_prob"):
                continue
            starts = (subject, model(), tae.Dense(2), tae.PCA(), x, tae)
            found = [each for each in starts if path[0] in (*dir(each), *vars(tae))]
            assert found or hasattr(tae, path[0]), (owner, hint, name)


# What users of others write


def nearest_said(call):
    """What an error says that was meant, if it does."""
    with pytest.raises((AttributeError, TypeError, ValueError)) as found:
        call()
    return re.findall(r"did you mean '(.*)'\?", str(found.value))


def spelt_alike(name, other):
    return letters(name).removesuffix("s") == letters(other).removesuffix("s")


@pytest.mark.parametrize("module", ["tinyae", "tinyae.layers", "tinyae.models", "tinyae.plot"])
def test_no_name_of_others_is_taken_for_another_thing_here(module):
    place = importlib.import_module(module)
    for name in foreign.LAYERS + foreign.TRAINING + foreign.SCIKIT_LEARN + foreign.FUNCTIONS:
        if not hasattr(place, name):
            for meant in nearest_said(lambda name=name: getattr(place, name)):
                assert spelt_alike(name, meant), (name, meant)


@pytest.mark.parametrize("owner", [each for each in OBJECTS if "tinyae" not in each])
def test_no_attribute_of_others_is_taken_for_another_thing_here(owner):
    subject = OBJECTS[owner]()
    for name in foreign.OF_MODELS:
        if name not in dir(subject):
            for meant in nearest_said(lambda name=name: getattr(subject, name)):
                assert spelt_alike(name, meant), (name, meant)


@pytest.mark.parametrize("owner", ARGUMENTS)
def test_no_argument_of_others_is_taken_for_another_thing_here(owner):
    known = parameters(owner, called(owner))
    for name in foreign.OF_CALLS:
        if name not in known:
            for meant in nearest_said(lambda name=name: called(owner)(**{name: 1})):
                assert spelt_alike(name, meant), (name, meant)


@pytest.mark.parametrize("what", foreign.VALUES)
def test_no_word_of_others_is_taken_for_another_thing_here(what):
    for word in foreign.VALUES[what]:
        try:
            taken(what, word)
        except ValueError as error:
            for meant in re.findall(r"did you mean '(.*)'\?", str(error)):
                assert spelt_alike(word, meant), (word, meant)


def test_a_name_of_tinyae_is_found_where_others_have_theirs():
    for module in ("layers", "callbacks", "datasets", "linear", "plot"):
        for name, end in (("Dense", "tinyae.Dense"), ("Linear", "Dense"), ("PCA", "tinyae.PCA")):
            place = getattr(tae, module)
            with pytest.raises(
                AttributeError, match=f"has no attribute '{name}'; in tinyae: {end}$"
            ):
                getattr(place, name)


def test_a_folder_is_there_whether_or_not_it_was_imported():
    code = "import tinyae as tae; print(tae.layers.__name__, hasattr(tae, 'no_such_folder'))"
    assert run_python(code).stdout == "tinyae.layers False\n"


def test_python_adds_no_guess_of_its_own():
    for access in ("tae.Adam().learningrate", "tae.Conv3D", "tae.layers.Conv1d"):
        done = run_python(f"import tinyae as tae\n{access}")
        assert "Did you mean" not in done.stderr
        assert "AttributeError: " in done.stderr


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: model().fit(X, X, 10), r"fit takes x and y by position.*3.*such as epochs=10$"),
        (
            lambda: tae.Sequential(tae.Dense(3), tae.Dense(2)),
            r"layers by position.*2.*give one list",
        ),
        (lambda: tae.Reshape(3, 4), "target_shape by position, but got 2 .*give one tuple"),
        (lambda: tae.PCA().partial_fit(X, 1), "partial_fit takes x by position, but got 2 arg"),
        (lambda: tae.L1(0.1, 0.1), "L1 takes l1 by position, but got 2 arguments$"),
        (lambda: tae.load("a", {}), "load takes path by position.*such as custom="),
        (lambda: model()(X), r"Autoencoder is not called: reconstruct\(x\)"),
        (lambda: model()(X, training=True), r"Autoencoder is not called: reconstruct\(x\)"),
    ],
)
def test_calls_as_others_take_them(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_a_model_is_no_callback():
    with pytest.raises(ValueError, match="callbacks must be callable"):
        model().fit(X, callbacks=model())


def test_a_history_says_which_figures_it_has():
    history = tae.History(loss=[1.0], penalty=[0.0])
    with pytest.raises(
        KeyError, match="'acc' is no figure of the history, which has loss, penalty"
    ):
        history["acc"]
    with pytest.raises(KeyError, match="pass validation_data to fit"):
        history["val_loss"]
    with pytest.raises(KeyError, match="which has none yet"):
        tae.History()["loss"]
    with pytest.raises(AttributeError, match=r"in tinyae: history\['loss'\]$"):
        _ = history.loss
    assert history.get("acc") is None
    assert "acc" not in history


MISSPELT = {
    "summary": (lambda: model().sumary, "AttributeError"),
    "reconstruct": (lambda: model().recontruct(X), "AttributeError"),
    "activation": (lambda: tae.Dense(3).activatoin, "AttributeError"),
    "components_": (lambda: tae.PCA().component_, "AttributeError"),
    "learning_rate": (lambda: tae.Adam().learningrate, "AttributeError"),
    "Dense": (lambda: tae.Densee, "AttributeError"),
    "Conv2D": (lambda: tae.conv2d, "AttributeError"),
    "latent": (lambda: tae.plot.latents, "AttributeError"),
    "epochs": (lambda: model().fit(X, epoch=3), "TypeError"),
    "verbose": (lambda: model().fit(X, verbos=0), "TypeError"),
    "units": (lambda: tae.Dense(unit=3), "TypeError"),
    "kernel_initializer": (lambda: tae.Dense(3, kernel_initialiser="zeros"), "TypeError"),
    "n_components": (lambda: tae.PCA(n_component=2), "TypeError"),
    "labels": (lambda: tae.plot.latent(X[:, :2], label=X), "TypeError"),
    "custom": (lambda: tae.load("model.npz", customs={}), "TypeError"),
    "optimizer": (lambda: tae.models.deep(optimiser="adam"), "TypeError"),
    "images": (lambda: tae.datasets.mnist_mini(image=True), "TypeError"),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_of_a_misspelt_name_the_nearest_is_told(name):
    call, error = MISSPELT[name]
    with pytest.raises((AttributeError, TypeError), match=rf"; did you mean '{name}'\?$") as found:
        call()
    assert found.type.__name__ == error


@pytest.mark.parametrize("name", ["_repr_html_", "__array_interface__", "zzzzzz"])
def test_what_nobody_meant_gets_no_hint(name):
    for subject in (model(), tae.Dense(3), tae.PCA(), tae.MSE()):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'$"):
            getattr(subject, name)


def test_a_property_that_refuses_says_what_it_said():
    with pytest.raises(AttributeError, match="parameters needs a built model"):
        _ = model().parameters


def test_signatures_stay_readable():
    own = inspect.signature(tae.Dense)
    assert list(own.parameters)[:2] == ["units", "activation"]
    assert "batch_size: 'int' = 32" in str(inspect.signature(tae.Autoencoder.fit))
    kinds = [each.kind for each in inspect.signature(model().fit).parameters.values()]
    assert inspect.Parameter.VAR_KEYWORD not in kinds


def test_a_class_of_ones_own_may_take_any_arguments():
    class Own(tae.Dense):
        def __init__(self, **options):
            super().__init__(3)
            self.options = options

    assert Own(lr=3).options == {"lr": 3}
    with pytest.raises(TypeError, match="unexpected keyword argument 'lr'"):
        type("Strict", (tae.Layer,), {"__init__": lambda self: None})(lr=3)


def test_objects_that_explain_are_copied_and_pickled():
    ways = (copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each)))
    for subject in (model(), tae.PCA(2).fit(X), tae.GaussianSampler().fit(X), tae.Adam(0.1)):
        for way in ways:
            assert repr(way(subject)) == repr(subject)
