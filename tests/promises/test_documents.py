"""What README, the book and CONTRIBUTING show works when it is pasted."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinyae as tae
from tests.support.documents import CONTRIBUTING, README, ROOT, code_of, page

PACKAGE = Path(tae.__file__).parent


def run(code, package=PACKAGE, tail="", given="", **environment):
    """Run code as a script would; its output."""
    paths = {"PYTHONPATH": str(package.parent), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code + tail],
        input=given,
        env={**os.environ, **paths, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_ten_lines():
    code = code_of(README, "mnist_mini(digits=(1, 5, 6))").replace("epochs=10", "epochs=3")
    model, pca = map(float, run(code).split()[-2:])
    assert 0 < model < pca


LOOP = "import numpy as np, tinyae as tae\n" + code_of(page("learn/chain"), "optimizer.step(")


def test_the_loop_by_hand_learns():
    first, *_, last = (float(line.split()[-1]) for line in run(LOOP).splitlines())
    assert last < first < 0.1


def test_the_loop_by_hand_draws_noise_anew_in_each_step():
    code = LOOP.replace("tae.Dense(3,", "tae.GaussianNoise(1.0), tae.Dense(3,")
    code = code.replace("tae.SGD(2.0)", "tae.SGD(1e-30)").replace("range(1, 301)", "range(1, 6)")
    code = code.replace("default_rng(t)", "default_rng(0)")  # the same samples, but not the noise
    code = code.replace("    optimizer.step(", "    print(value)\n    optimizer.step(")
    losses = run(code).split()
    assert len(losses) == len({*losses}) == 5


def test_layers_of_ones_own(tmp_path):
    shown = page("recipes/own_parts")
    code = code_of(shown, "class Scale(tae.Layer)")
    code += f"import os; os.chdir({str(tmp_path)!r}); first = ae\n" + code_of(shown, "custom=")
    code += "assert ae is not first; assert (ae.encode(x) == first.encode(x)).all()"
    assert run(code).splitlines()[-1].startswith("passed")
    assert (tmp_path / "scaled.npz").exists()


def test_the_debugger_stops_in_the_lesson_and_in_the_layer(tmp_path):
    shown = code_of(page("learn/chain"), "breakpoint()")
    (tmp_path / "step.py").write_text(shown, encoding="utf-8")
    code = f"exec(open({str(tmp_path / 'step.py')!r}).read())"
    typed = "b backpropagate\nb dense_backward\nc\nn\nn\nc\np W.shape\nc\np W.shape\nc\n"
    shown = run(code, given=typed, NUMBA_DISABLE_JIT="1")
    assert "backprop.py" in shown
    assert "-> dx = backward(layers, dy, caches)" in shown
    assert "dense.py" in shown
    assert 0 < shown.index("(2, 4)") < shown.index("(4, 2)")  # the last layer's comes first
    assert shown.count("dense_backward()") == 2


def test_the_reading_order_exists_and_is_the_same_in_both_places():
    learn = page("learn/index")
    order = re.findall(r"`((?:examples|tinyae)/[^`]*)`", learn[learn.index("Then read") :])
    assert order == re.findall(r"``([^`]*/[^`]*)``", tae.__doc__)
    assert len(order) == 11
    for path in order:
        assert (ROOT / path).exists() or (PACKAGE.parent / path).exists(), path


def test_the_examples_to_run_first_are_those_of_their_folder():
    learn = page("learn/index")
    learn = learn[: learn.index("Then read")]
    files = re.findall(r"`python (\S+)`", learn)
    folder = (ROOT / "examples" / "1_learn").glob("*.py")
    assert sorted(files) == sorted(path.relative_to(ROOT).as_posix() for path in folder)
    assert len(files) == 5


INCLUDED = r"""```\{include\} \.\./\.\./(\S+)
:start-after: "?(.*?)"?
(?::end-before: "(.*)"
)?"""


def test_what_the_book_takes_from_elsewhere_links_to_no_file_which_it_would_not_find():
    taken = re.findall(INCLUDED, page("benchmarks/index"))
    assert [name for name, *_ in taken] == ["README.md", "benchmarks/README.md"]
    for name, start, end in taken:
        text = (ROOT / name).read_text(encoding="utf-8").split(start, 1)[1]
        text = text.split(end, 1)[0] if end else text
        assert "| encode10k |" in text or "## With AVX-512" in text
        assert not re.findall(r"(?<!!)\[[^]]*\]\((?!https?:)[^)]*\)", text), name


# Adding a layer: one file, and a line in each of six others

USE = """
import importlib.util, sys
import numpy as np, tinyae as tae

x = np.random.default_rng(0).random((20, 6))
ae = tae.Autoencoder([tae.FeatureScale(), tae.Dense(2)], [tae.Dense(6)], dtype="float64")
report = tae.check_gradients(ae, x)
assert report.passed and "compiled" in str(report) and np.isfinite(report.rows[0].compiled_error)
ae.fit(x, epochs=2, verbose=0)
ae.save("model.npz")
assert (tae.load("model.npz").encode(x) == ae.encode(x)).all()
assert tae.trace(ae, x).rows[0].formula.forward == "y = s x"
ae.export_numpy(".")
sys.path.insert(0, ".")
import autoencoder
np.testing.assert_allclose(autoencoder.encode(x), ae.encode(x), rtol=1e-12)
print("all of it")
"""


# What the new line follows in each file
PLACES = {
    "tinyae/__init__.pyi": "import Reshape as Reshape\n",
    "tinyae/layers/__init__.py": "``upsampled_convolution`` is two layers in one.\n",
    "tests/support/layer_cases.py": "\nLAYER_CASES = [\n",
    "tests/support/naive.py": "\nFORWARD = {\n",
    "tests/saving/test_saving.py": "\nODD_ARGUMENTS = {\n",
    "docs/reference/index.rst": "\n   Activation\n",
}


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy in which CONTRIBUTING was followed, word for word."""
    copy = tmp_path_factory.mktemp("copy")
    skipped = shutil.ignore_patterns("__pycache__", "_build", "gallery", "generated")
    for folder in (PACKAGE, ROOT / "tests", ROOT / "docs"):
        shutil.copytree(folder, copy / folder.name, ignore=skipped)
    shutil.copy(ROOT / "setup.cfg", copy)
    layer = code_of(CONTRIBUTING, "class FeatureScale(Layer)")
    code = re.sub(r'""".*?"""', "", layer, flags=re.DOTALL)
    assert sum(bool(line) for line in code.splitlines()) < 40
    (copy / "tinyae" / "layers" / "scale.py").write_text(layer, encoding="utf-8")
    (block,) = re.findall(r"```text\n(# tinyae/__init__.*?)```", CONTRIBUTING, flags=re.DOTALL)
    lines = dict(re.findall(r"^# ([^\s,]+),.*\n(.*\n)", block, flags=re.MULTILINE))
    assert lines.keys() == PLACES.keys()
    for name, line in lines.items():
        text = (copy / name).read_text(encoding="utf-8")
        before, place, after = text.partition(PLACES[name])
        assert place, name
        indent = re.match(" *", after)[0]
        (copy / name).write_text(before + place + indent + line + after, encoding="utf-8")
    return copy


def test_a_new_layer_is_one_file_and_its_public_name(copied, tmp_path):
    code = f"import os; os.chdir({str(tmp_path)!r})\n" + USE
    assert run(code, copied / "tinyae", NUMBA_OPT="1").strip() == "all of it"


def test_a_new_layer_leaves_the_tests_green(copied):
    """Those that CONTRIBUTING names, without the JIT: every kernel would be compiled anew."""
    (chosen,) = re.findall(r'^pytest -k "(.*)"$', CONTRIBUTING, flags=re.MULTILINE)
    where = [
        "tests/layers/test_contract.py",
        "tests/primitives/test_steps.py",
        "tests/saving/test_saving.py",
        "tests/inspection/test_trace.py",
        "tests/network/test_structure.py",
        "tests/promises/test_house.py",
        "tests/promises/test_arguments.py",
        "tests/promises/test_overrides.py",
        "tests/docs/test_reference.py",
    ]
    assert all(f"`{name}`" in CONTRIBUTING for name in where)
    arguments = ["-q", "-p", "no:cacheprovider", "-k", chosen, "--rootdir", str(copied), *where]
    code = f"import os, sys, pytest; os.chdir({str(copied)!r}); sys.exit(pytest.main({arguments}))"
    shown = run(code, copied / "tinyae", NUMBA_DISABLE_JIT="1")
    assert int(re.search(r"(\d+) passed", shown)[1]) > 60, shown
    assert "failed" not in shown
