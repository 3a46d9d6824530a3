"""Jobs of MPI: all that holds for ranks that are threads, how a job ends, and what is shown."""

import re
from pathlib import Path

import numpy as np
import pytest

import tinyae as tae
from tests.support.documents import code_of, page

PROGRAM = ("-m", "mpi4py", "-m", "tests.support.rank_program")


@pytest.mark.parametrize("size", [1, 2, 3])
def test_all_that_must_hold(size, job):
    ended = job(size, *PROGRAM)
    assert ended.returncode == 0, ended.stderr
    assert " hold" in ended.stdout


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("killed", "signal 9"),
        ("refused", "on rank 2: x must be finite, but row 0"),
        ("failed", "RuntimeError: outside of fit"),
        ("interrupted", "KeyboardInterrupt: on rank 2: KeyboardInterrupt"),
    ],
)
def test_a_job_ends_when_one_rank_does(way, said, job):
    ended = job(3, *PROGRAM, way, timeout=60)
    assert ended.returncode != 0
    assert said in ended.stderr + ended.stdout


def test_the_example_comes_to_the_same_model_on_any_number(job, tmp_path):
    example = Path("examples", "2_more", "many_machines.py").resolve()
    said = [job(size, str(example), cwd=tmp_path).stdout for size in (1, 2)]
    losses = [float(re.search(r"last loss ([\d.]+)", each)[1]) for each in said]
    assert losses[0] == pytest.approx(losses[1], abs=2e-6)
    assert "2 process(es), the first with 3,000 of 6,000 digits" in said[1]


def test_what_the_book_shows(job, tmp_path):
    np.save(tmp_path / "samples.npy", tae.datasets.mnist_mini()[0][0])
    program = code_of(page("recipes/many_machines"), "comm=comm").replace("epochs=10", "epochs=1")
    (tmp_path / "train.py").write_text(program)
    ended = job(2, "-m", "mpi4py", "train.py", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert tae.load(tmp_path / "model.npz").input_shape == (784,)


def test_the_benchmark(job):
    options = ("gauss2d", "--rounds", "1", "--seconds", "0.01", "--ways", "one rank", "two ranks")
    ended = job(0, "-m", "benchmarks.ranks", *options)
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"two ranks +[\d.]+ ms", ended.stdout)
