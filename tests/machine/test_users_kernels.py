"""The cache of kernels that a user writes: what of theirs is noticed, and what is not kept."""

import os
import subprocess
import sys

from tests.support.fresh_python import PACKAGE, run_python
from tests.support.jit import needs_jit


def everything(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir()}


USER = """
import tinyae as tae

FACTOR = {factor}

@tae.kernel
def own(x):
    return FACTOR * x
"""
CALL = """
from mine import own
print(own(2), sum(own.stats.cache_hits.values()), sum(own.stats.cache_misses.values()))
"""


@needs_jit
def test_an_edit_in_a_users_own_file_is_noticed_and_files_of_one_name_are_two(tmp_path):
    def call(folder):
        code = f"import sys; sys.path.insert(0, {str(tmp_path / folder)!r})\n" + CALL
        return run_python(
            code, NUMBA_CACHE_DIR=str(tmp_path / "cache"), PYTHONDONTWRITEBYTECODE="1"
        )

    for folder, factor in (("one", 3), ("two", 4)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(USER.format(factor=factor))
    assert call("one") == "6 0 1"
    assert call("two") == "8 0 1"
    assert call("one") == "6 1 0"
    (tmp_path / "one" / "mine.py").write_text(USER.format(factor=5))
    assert call("one") == "10 0 1"
    assert call("two") == "8 1 0"
    (tmp_path / "one" / "neighbour.py").write_text("")  # whose functions it may call
    assert call("one") == "10 0 1"
    (tmp_path / "one" / "neighbour.py").unlink()
    assert {path.name for path in (tmp_path / "one").iterdir()} == {"mine.py"}


@needs_jit
def test_what_a_users_kernel_names_and_calls_is_noticed_wherever_it_is(tmp_path):
    (tmp_path / "project" / "sub").mkdir(parents=True)
    (tmp_path / "project" / "helper.py").write_text(
        "import tinyae as tae\n\n@tae.kernel\ndef times(x):\n    return 2 * x\n"
    )
    (tmp_path / "project" / "sub" / "mine.py").write_text(
        "import sys\nimport tinyae as tae\nfrom helper import times\nFACTOR = float(sys.argv[1])\n"
        "\n@tae.kernel\ndef own(x):\n    return FACTOR * times(x)\n"
    )

    def call(factor):
        code = (
            f"import sys; sys.argv = ['', '{factor}']\n"
            f"sys.path[:0] = [{str(tmp_path / 'project')!r}, {str(tmp_path / 'project/sub')!r}]\n"
        ) + CALL
        return run_python(
            code, NUMBA_CACHE_DIR=str(tmp_path / "cache"), PYTHONDONTWRITEBYTECODE="1"
        )

    assert call(3) == "12.0 0 1"
    assert call(3) == "12.0 1 0"
    assert call(5) == "20.0 0 1"
    helper = tmp_path / "project" / "helper.py"
    helper.write_text(helper.read_text().replace("2 * x", "7 * x"))
    assert call(5) == "70.0 0 1"


@needs_jit
def test_odd_files_beside_a_users_kernel_are_passed_over(tmp_path):
    (tmp_path / ".#mine.py").symlink_to("nowhere")
    (tmp_path / "package.py").mkdir()
    (tmp_path / "mine.py").write_text(USER.format(factor=3))
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + CALL
    assert run_python(code, NUMBA_CACHE_DIR=str(tmp_path / "cache")) == "6 0 1"


CLOSED = """
import pathlib, sys
read = pathlib.Path.read_bytes

def refuse(path):
    if path.name == "closed.py":
        raise PermissionError(13, "Permission denied")
    return read(path)

pathlib.Path.read_bytes = refuse
"""


@needs_jit
def test_beside_a_file_that_may_not_be_read_a_kernel_is_compiled_every_time(tmp_path):
    (tmp_path / "closed.py").write_text("")
    (tmp_path / "mine.py").write_text(USER.format(factor=3))
    code = CLOSED + f"sys.path.insert(0, {str(tmp_path)!r})\n"
    code += "from mine import own\nprint(own(2), sum(own.stats.cache_hits.values()))"
    for _ in range(2):
        assert run_python(code, NUMBA_CACHE_DIR=str(tmp_path / "cache")) == "6 0"


@needs_jit
def test_a_script_and_what_a_shell_defines_can_have_kernels(tmp_path):
    text = USER.format(factor=3) + "print(own(2), sum(own.stats.cache_hits.values()))"
    assert run_python(text, NUMBA_CACHE_DIR=str(tmp_path)) == "6 0"
    assert everything(tmp_path) == set()
    script = tmp_path / "script.py"
    script.write_text(text)
    variables = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-W", "error", script]
    for hits in (0, 1):
        said = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        assert (said.stdout, said.stderr) == (f"6 {hits}\n", "")


@needs_jit
def test_a_kernel_that_cannot_be_kept_is_said_to_be_so_by_numba(tmp_path):
    """Not the cache is at fault, but an array too large to be written into the code."""
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nimport tinyae as tae\nLARGE = np.ones(10**6)\n\n"
        "@tae.kernel\ndef own(i):\n    return LARGE[i]\n"
    )
    code = f"""
import sys, warnings
sys.path.insert(0, {str(tmp_path)!r})
from mine import own
with warnings.catch_warnings(record=True) as shown:
    warnings.simplefilter("always")
    own(1)
print(*((each.category.__name__, each.filename) for each in shown), sep="; ")
"""
    said = run_python(code, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert said == str(("NumbaWarning", str(tmp_path / "mine.py")))
