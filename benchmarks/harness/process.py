"""Processes of contenders, as the one that measures sees them; inside runs `worker`."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TIMEOUT = 300.0  # seconds for one answer: compiling the largest model takes a minute
THREADS = 2


class ContenderError(Exception):
    """What a contender's process said went wrong, or how it ended."""


class ContenderProcess:
    """A contender in a process of its own; use it in a ``with`` block, which ends the process.

    Parameters
    ----------
    folder : Path
        As `handover.write` fills it.
    part : str
        "module:Class".
    environment : dict, optional
        Variables beside this process's own.
    """

    def __init__(self, folder: Path, part: str, environment: dict[str, str] | None = None):
        self.started = time.perf_counter()
        variables = {"OMP_NUM_THREADS": str(THREADS), **(environment or {})}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.harness.worker", str(folder), part],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env={**os.environ, **variables},
            start_new_session=True,  # so that compilers it may have started end with it
        )

    def __enter__(self) -> "ContenderProcess":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and those that it started; again is fine."""
        self._kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # what could not be sent any more
                pipe.close()
        self.process.wait()

    def ask(self, command: str, *arguments: Any, timeout: float = TIMEOUT) -> Any:
        """The answer to a message; ContenderError where there is none."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        late = threading.Event()
        timer = threading.Timer(timeout, lambda: (late.set(), self._kill()))
        timer.start()
        try:
            self.process.stdin.write(json.dumps([command, *arguments]) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except OSError:
            line = ""
        finally:
            timer.cancel()
        if not line:
            self._kill()
            code = self.process.wait()
            ended = f"gave no answer for {timeout:g} s" if late.is_set() else f"ended with {code}"
            raise ContenderError(f"its process {ended}")
        answer = json.loads(line)
        if "error" in answer:
            raise ContenderError(answer["error"])
        return answer["value"]

    def _kill(self) -> None:
        if not hasattr(os, "killpg"):
            self.process.kill()
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
