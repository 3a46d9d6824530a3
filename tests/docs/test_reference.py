"""The reference names every public name, and nothing else."""

import re
from pathlib import Path

import tinyae as tae

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "index.rst"


def listed(text):
    """The names in all its tables."""
    tables = re.findall(r"\.\. autosummary::\n   :toctree: generated\n\n((?:   \S+\n)+)", text)
    return [name for table in tables for name in table.split()]


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


def test_each_public_name_once():
    names = listed(REFERENCE.read_text(encoding="utf-8"))
    assert len(names) == len(set(names))
    assert set(names) == public()
