"""The reference names every public name, and nothing else; and what it says of each is in order."""

import builtins
import doctest
import importlib
import inspect
import pydoc
import re
import symtable
from functools import cache
from pathlib import Path

import pytest

import tinyae as tae

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "index.rst"

# numpydoc's remarks that are none here. A line that says all needs no second one; examples and
# siblings stand with a class, and are not said again of each of its methods.
NO_REMARKS = {"ES01"}
NO_REMARKS_ON_MEMBERS = {"ES01", "EX01", "SA01"}


def listed(text):
    """The names in all its tables."""
    tables = re.findall(r"\.\. autosummary::\n   :toctree: generated\n\n((?:   \S+\n)+)", text)
    return [name for table in tables for name in table.split()]


@cache
def public():
    names = {name for name in tae.__all__ if name not in ("datasets", "models", "plot")}
    names -= {"__version__"}
    names |= {f"plot.{name}" for name in tae.plot.__all__}
    names |= {f"datasets.{name}" for name in tae.datasets.__all__}
    models = vars(tae.models)
    names |= {
        f"models.{name}"
        for name, found in models.items()
        if callable(found) and not name.startswith("_") and found.__module__ == "tinyae.models"
    }
    stubs = (Path(tae.__file__).parent / "sklearn" / "__init__.pyi").read_text(encoding="utf-8")
    return names | {f"sklearn.{name}" for name in re.findall(r"import \w+ as (\w+)", stubs)}


def public_callables():
    """What has a docstring of its own: plot.COLOURS and plot.MARKERS are values."""
    return sorted(public() - {"plot.COLOURS", "plot.MARKERS"})


def found(name):
    if name.startswith("sklearn."):
        pytest.importorskip("sklearn", reason="needs tinyae[sklearn]")
    module, _, last = f"tinyae.{name}".rpartition(".")
    return getattr(importlib.import_module(module), last)


def members(kind):
    """The public methods and properties of a class, but those that its Attributes tell of."""
    told = "".join(inspect.getdoc(base) or "" for base in kind.__mro__[:-1])
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        function = getattr(member, "fget", getattr(member, "__func__", member))
        if (
            not name.startswith("_")
            and (inspect.isfunction(function) or isinstance(member, property))
            and function.__module__.startswith("tinyae")
            and not re.search(rf"^([\w, ]+, )?{name}(, [\w, ]+)? : ", told, flags=re.MULTILINE)
        ):
            yield name, function


def docstrings(name):
    """Those of a public name and of its members, by path."""
    thing = found(name)
    yield name, inspect.getdoc(thing)
    for member, function in members(thing) if inspect.isclass(thing) else ():
        if function.__doc__:
            yield f"{name}.{member}", inspect.cleandoc(function.__doc__)


def test_each_public_name_once():
    names = listed(REFERENCE.read_text(encoding="utf-8"))
    assert len(names) == len(set(names))
    assert set(names) == public()


@pytest.mark.parametrize("name", public_callables())
def test_numpydocs_validation(name):
    validate = pytest.importorskip("numpydoc.validate", reason="needs tinyae[docs]").validate
    thing = found(name)
    remarks = [(name, *r) for r in validate(f"tinyae.{name}")["errors"] if r[0] not in NO_REMARKS]
    for member, _ in members(thing) if inspect.isclass(thing) else ():
        path = f"{name}.{member}"
        remarks += [(path, *remark) for remark in remarks_on(validate, path, thing, member)]
    assert remarks == []


def remarks_on(validate, path, thing, member):
    """Of a method; where its docstring has no tables the text is to name each parameter."""
    text = inspect.getdoc(getattr(thing, member)) or ""
    if not text:
        yield "GL08", "no docstring, of its own or of a base"
    for code, remark in validate(f"tinyae.{path}")["errors"]:
        if code == "PR01" and "\nParameters\n---" not in text:
            names = re.findall(r"'\**(\w+)'", remark)
            if missing := [each for each in names if not re.search(rf"\b{each}\b", text)]:
                yield code, f"{missing} not named"
        elif code == "RT01" and "\n---" not in text:
            continue  # a line alone says what is returned
        elif code not in {*NO_REMARKS_ON_MEMBERS, "GL08"}:
            yield code, remark


@pytest.mark.parametrize("name", public_callables())
def test_help_shows_types_by_their_names(name):
    thing = found(name)
    shown = pydoc.plain(pydoc.text.document(thing))
    assert re.findall(r".*(?:numpy\._|numpy\.dtype\[|collections\.abc\.|typing\.).*", shown) == []
    kind = inspect.isclass(thing)
    for function in [thing.__init__, *(each for _, each in members(thing))] if kind else [thing]:
        for each in inspect.get_annotations(inspect.unwrap(function)).values():
            assert len(each) <= 60, f"{function.__qualname__}: {each}"


@pytest.mark.parametrize("name", public_callables())
def test_an_example_says_all_that_it_needs(name):
    for path, text in docstrings(name):
        code = "".join(each.source for each in doctest.DocTestParser().get_examples(text))
        scopes = [top := symtable.symtable(code, path, "exec")]
        for scope in scopes:
            scopes += scope.get_children()
        symbols = [(scope, each) for scope in scopes for each in scope.get_symbols()]
        used = {each.get_name() for scope, each in symbols if scope is top or each.is_global()}
        own = {each.get_name() for each in top.get_symbols() if each.is_assigned()}
        own |= {each.get_name() for each in top.get_symbols() if each.is_imported()}
        assert used - own - set(dir(builtins)) == set(), path


@pytest.mark.parametrize("name", public_callables())
def test_what_is_cited_is_listed_and_what_is_numbered_is_cited(name):
    for path, text in docstrings(name):
        listed = re.findall(r"^\.\. \[(\d+)\]", text, flags=re.MULTILINE)
        assert sorted(set(re.findall(r"\[(\d+)\]_", text))) == sorted(listed), path


@pytest.mark.parametrize("name", public_callables())
def test_nothing_is_set_as_markup_that_is_none(name):
    """Such as the star of ``(n, *shape)`` as the begin of emphasis, on the way into the book."""
    core = pytest.importorskip("docutils.core", reason="needs tinyae[docs]")
    nodes = importlib.import_module("docutils.nodes")
    keep_signs = importlib.import_module("plain_docstrings").keep_signs
    strange = (nodes.emphasis, nodes.strong, nodes.problematic, nodes.substitution_reference)
    settings = {"report_level": 5, "halt_level": 5}
    for path, text in docstrings(name):
        # numpydoc itself writes the names in tables, such as ``mean_`` and ``**options``
        text = re.sub(r"^[\w*, ]+ : |^\*\*\w+$", "", text, flags=re.MULTILINE)
        lines = text.split("\n")
        keep_signs(None, "function", path, None, None, lines)
        tree = core.publish_doctree("\n".join(lines), settings_overrides=settings)
        assert [node.astext() for kind in strange for node in tree.findall(kind)] == [], path


def test_what_the_reference_leaves_out_is_there():
    machinery = importlib.import_module("members").MACHINERY.split()
    names = [name for name in public_callables() if not name.startswith("sklearn.")]
    kinds = [found(name) for name in names]
    assert [each for each in machinery if not any(hasattr(kind, each) for kind in kinds)] == []
    assert machinery == sorted(set(machinery))


def test_a_signature_in_the_book():
    plain = importlib.import_module("plain_signatures").plain
    signature, returned = plain(None, "method", "", tae.Autoencoder.decode, None, "(z)", None)
    assert (signature, returned) == ("(z: ArrayLike)", "np.ndarray")
    signature, returned = plain(None, "class", "", tae.Layer, None, "()", None)
    assert signature == "(*, activity_regularizer: Penalty | None = None)"
    assert returned is None
    assert plain(None, "exception", "", tae.ModelFormatError, None, "()", None) is None
