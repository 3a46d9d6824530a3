"""What is optional is named, with the command that installs it."""

import pytest

from tests.support.fresh_python import run_python
from tinyae.checks.extras import needs

ASKED = """
try:
    {statement}
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("package", "statement", "message"),
    [
        (
            "sklearn",
            "from tinyae.sklearn import AutoencoderTransformer",
            'tinyae.sklearn needs scikit-learn: pip install "tinyae[sklearn]"',
        ),
        (
            "matplotlib",
            "import tinyae; tinyae.plot.history",
            'plots need matplotlib: pip install "tinyae[plot]"',
        ),
    ],
)
def test_an_extra_that_is_not_installed(package, statement, message):
    code = f"import sys; sys.modules[{package!r}] = None" + ASKED.format(statement=statement)
    assert run_python(code) == message


def test_an_extra_that_is_too_old():
    code = """
import sys, types
class Old(types.ModuleType):
    __path__ = []
    def __getattr__(self, name):
        if name.startswith("__") or name == "validate_data":
            raise AttributeError(name)
        return object
for name in ("sklearn", "sklearn.base", "sklearn.utils", "sklearn.utils.validation"):
    sys.modules[name] = Old(name)
""" + ASKED.format(statement="from tinyae.sklearn import PCA")
    assert run_python(code) == (
        "tinyae.sklearn needs scikit-learn of a newer version: "
        'pip install --upgrade "tinyae[sklearn]"'
    )


def test_what_is_missing_besides_is_left_alone():
    with pytest.raises(ModuleNotFoundError, match="No module named 'other'"), needs("x", "y", "z"):
        raise ModuleNotFoundError("No module named 'other'", name="other")
