"""The reference names every public name, and nothing else; and what it says of each is in order."""

import importlib
import inspect
import re
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


def test_each_public_name_once():
    names = listed(REFERENCE.read_text(encoding="utf-8"))
    assert len(names) == len(set(names))
    assert set(names) == public()


@pytest.mark.parametrize("name", public_callables())
def test_numpydocs_validation(name):
    validate = pytest.importorskip("numpydoc.validate", reason="needs tinyae[docs]").validate
    thing = found(name)
    remarks = [(name, *r) for r in validate(f"tinyae.{name}")["errors"] if r[0] not in NO_REMARKS]
    for member, function in members(thing) if inspect.isclass(thing) else ():
        path = f"{name}.{member}"
        remarks += [(path, *remark) for remark in remarks_on(validate, path, thing, member)]
    assert remarks == []


def remarks_on(validate, path, thing, member):
    """Of a method whose docstring has no sections, each parameter is to be named in the text."""
    text = inspect.getdoc(getattr(thing, member)) or ""
    if not text:
        yield "GL08", "no docstring, of its own or of a base"
    for code, remark in validate(f"tinyae.{path}")["errors"]:
        if code in NO_REMARKS_ON_MEMBERS or code == "GL08":
            continue
        if code == "PR01" and "\nParameters\n---" not in text:
            missing = [
                p for p in re.findall(r"'\**(\w+)'", remark) if not re.search(rf"\b{p}\b", text)
            ]
            if missing:
                yield code, f"{missing} not named"
        elif code != "RT01" or "\n---" in text.replace("\nRaises\n---", ""):
            yield code, remark
