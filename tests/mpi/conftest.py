"""Jobs of several ranks; skipped where there is no MPI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2]
SECONDS = 300  # after which a job hangs


@pytest.fixture(scope="session")
def job():
    """Run Python with these arguments on so many ranks, or, with 0, without mpiexec."""
    pytest.importorskip("mpi4py")
    if (mpiexec := shutil.which("mpiexec")) is None:
        pytest.skip("there is no mpiexec")
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

    def run(size, *arguments, **options):
        start = [mpiexec, "--oversubscribe", "-n", str(size)] if size else []
        command = [*start, sys.executable, *arguments]
        options = {"timeout": SECONDS, "cwd": FOLDER, **options}
        given = {"env": {**os.environ, **allowed}, "capture_output": True, "text": True}
        return subprocess.run(command, **given, **options, check=False)

    return run
