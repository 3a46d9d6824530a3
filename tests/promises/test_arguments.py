"""Every parameter of every public callable against what is no value for it: refused by name."""

import pickle
import re

import pytest
from matplotlib import pyplot as plt

from tests.support.calls import calls
from tests.support.parameters import ANYTHING, VALUES, parameters, right, signatures

EXTRAS = {"Autoencoder.export_onnx": "onnx"}  # what is needed by calls that are not refused
PUBLIC = {name: function for name, function in signatures() if name not in ANYTHING}


@pytest.fixture(scope="module")
def ways(tmp_path_factory):
    return calls(tmp_path_factory.mktemp("calls"))


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    plt.close("all")


def test_all_that_is_public_is_called_and_nothing_else(ways):
    assert ways.keys() == PUBLIC.keys()
    for name, call in ways.items():
        assert sorted(call.good) == sorted(parameters(name, PUBLIC[name])), name


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "datasets.mnist"])
def test_the_arguments_that_others_replace_work(name, ways):
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    ways[name].make()(**ways[name].good)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_bad_argument_is_refused_by_name_and_nothing_changed(name, ways, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # where a file of a strange name would be seen
    call, problems = ways[name], []
    for parameter in call.good:
        for kind, value in VALUES.items():
            if kind in right(name, parameter):
                continue
            function = call.make()
            before = pickle.dumps(getattr(function, "__self__", None))
            try:
                function(**{**call.good, parameter: value})
            except (TypeError, ValueError) as error:
                if not re.search(rf"\b{parameter}\b", str(error)):
                    problems.append(f"{parameter}={value!r}: not named: {error!r}")
            except Exception as error:
                problems.append(f"{parameter}={value!r}: {error!r}")
            else:
                problems.append(f"{parameter}={value!r} is taken")
            if pickle.dumps(getattr(function, "__self__", None)) != before:
                problems.append(f"{parameter}={value!r} changed the object")
            if plt.get_fignums():
                plt.close("all")
                problems.append(f"{parameter}={value!r} opened a figure")
    assert not list(tmp_path.iterdir())
    assert not problems, "\n".join(problems)
