"""Each example is one file that runs wherever it is copied, from public names only."""

import ast
import sys
from pathlib import Path

import pytest

import tinyae as tae

LIBRARIES = {"numpy", "matplotlib"}
OPTIONAL = {
    "latent_walks": {"sklearn"},
    "from_keras_and_pytorch": {"keras", "torch"},
    "many_machines": {"mpi4py"},
}


def test_the_rooms(paths):
    rooms = {"1_learn": set(), "2_more": set()}
    for name, path in paths.items():
        rooms[path.parent.name].add(name)
    learn = {"backprop_by_hand", "gaussians_vs_pca", "sine_manifold", "mnist_latent"}
    assert rooms["1_learn"] == learn | {"your_own_layer"}
    assert len(rooms["2_more"]) == 20


def trees(paths):
    return {name: ast.parse(path.read_text("utf-8")) for name, path in paths.items()}


def test_examples_import_no_neighbours(paths):
    for name, tree in trees(paths).items():
        modules = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == "tinyae":
                        assert alias.asname == "tae"
                    else:
                        modules.add(alias.name.split(".")[0])
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                modules.add(node.module.split(".")[0])
        others = modules - LIBRARIES - OPTIONAL.get(name, set()) - sys.stdlib_module_names
        assert not others, name


def test_examples_use_public_names_only(paths):
    models = {name for name in vars(tae.models) if not name.startswith("_")}
    public = {
        "tae": set(tae.__all__),
        "tae.datasets": set(tae.datasets.__all__),
        "tae.models": models,
        "tae.plot": set(tae.plot.__all__),
    }
    for name, tree in trees(paths).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in public:
                assert node.attr in public[ast.unparse(node.value)], f"{name}: {ast.unparse(node)}"


def test_help_fits_on_a_terminal(paths):
    for name, tree in trees(paths).items():
        assert max(map(len, ast.get_docstring(tree).splitlines())) <= 80, name


@pytest.mark.large
@pytest.mark.parametrize(
    ("name", "picture"), [("backprop_by_hand", "reconstructions"), ("anomalies", "error_map")]
)
def test_an_example_copied_alone_runs(run_alone, tmp_path, name, picture):
    done = run_alone(name, "--seed", "3")
    assert done.returncode == 0, done.stderr
    out = Path("tinyae-examples", name)
    assert f"Pictures go to {out}\n" in done.stdout
    assert (tmp_path / out / f"{picture}.png").stat().st_size > 5000
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.py", "tinyae-examples"}


@pytest.mark.parametrize("name", ["gaussians_vs_pca", "denoising"])
def test_help(run_alone, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    done = run_alone(name, "--help")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    for option in ("--out", "--full", "--seed"):
        assert option in done.stdout
    assert str(Path("tinyae-examples", name)) in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--seed", "-1"], 1, "-1 out of bounds"),
        (["--seed", "x"], 2, "argument --seed: invalid uint32 value: 'x'"),
        (["--out", "{file}/folder"], 1, "{file}"),
        (["--wrong"], 2, "unrecognized arguments: --wrong"),
        (["--full"], 1, "{folder}"),
    ],
)
def test_wrong_arguments_end_in_one_line(
    run_alone, tmp_path, monkeypatch, arguments, code, message
):
    (tmp_path / "file").touch()
    names = {"file": tmp_path / "file", "folder": tmp_path}
    monkeypatch.setenv("TINYAE_DATA", str(tmp_path))
    done = run_alone("anomalies", *(a.format(**names) for a in arguments))
    assert done.returncode == code
    *usage, line = done.stderr.splitlines()
    assert all(text.startswith("usage:") for text in usage)
    assert line.startswith("anomalies.py: ")
    assert message.format(**names) in line
