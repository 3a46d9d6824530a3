"""What README and CONTRIBUTING show works when it is pasted."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinyae as tae

PACKAGE = Path(tae.__file__).parent
ROOT = PACKAGE.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def code_of(document, holding):
    """The block of Python that holds a text."""
    blocks = re.findall(r"```python\n(.*?)```", document, flags=re.DOTALL)
    (block,) = [block for block in blocks if holding in block]
    return block


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


def test_the_loop_by_hand_learns():
    assert float(run(code_of(README, "adam.step("))) < 0.1


def test_layers_of_ones_own():
    code = code_of(README, "class Scale(tae.Layer)") + code_of(README, "class FastScale(tae.Layer)")
    assert run(code).splitlines()[-1].startswith("passed")


def test_the_debugger_stops_in_the_lesson_and_in_the_layer(tmp_path):
    (tmp_path / "step.py").write_text(code_of(README, "breakpoint()"), encoding="utf-8")
    code = f"exec(open({str(tmp_path / 'step.py')!r}).read())"
    typed = "b backpropagate\nb dense_backward\nc\nn\nn\nc\np W.shape\nc\nc\n"
    shown = run(code, given=typed, NUMBA_DISABLE_JIT="1")
    assert "backprop.py" in shown
    assert "-> dx = backward(layers, dy, caches)" in shown
    assert "dense.py" in shown
    assert "(2, 4)" in shown  # the last layer's comes first


def test_the_reading_order_exists():
    learn = README[README.index("## Learn") : README.index("## Your own parts")]
    for path in re.findall(r"\]\((tinyae/[^)]*|examples/[^)]*)\)", learn):
        assert (ROOT / path).exists(), path


# Adding a layer: one file and a public name

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


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    package = tmp_path_factory.mktemp("copy") / "tinyae"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    return package


def test_a_new_layer_is_one_file_and_its_public_name(copied, tmp_path):
    layer = code_of(CONTRIBUTING, "class FeatureScale(Layer)")
    assert sum(bool(line) for line in layer.splitlines()) < 40
    (copied / "layers" / "scale.py").write_text(layer, encoding="utf-8")
    stub = copied / "__init__.pyi"
    line = "from .layers.scale import FeatureScale as FeatureScale\n"
    stub.write_text(stub.read_text(encoding="utf-8") + line, encoding="utf-8")
    code = f"import os; os.chdir({str(tmp_path)!r})\n" + USE
    assert run(code, copied, NUMBA_OPT="1").strip() == "all of it"
