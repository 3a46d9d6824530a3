"""Jobs of MPI: all that holds for ranks that are threads, and how a job ends."""

import pytest

PROGRAM = ("-m", "tests.support.rank_program")


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
        ("interrupted", "KeyboardInterrupt: on rank 2: KeyboardInterrupt"),
    ],
)
def test_a_job_ends_when_one_rank_does(way, said, job):
    ended = job(3, *PROGRAM, way, timeout=60)
    assert ended.returncode != 0
    assert said in ended.stderr + ended.stdout
