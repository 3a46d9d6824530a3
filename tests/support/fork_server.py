"""A process that has tinyae and its kernels in memory, and executes each history in a fork of it.

So a history may crash or hang without harm, at the cost of a fork. Run by path, with the
interpreter whose tinyae is to be tried: this one, or the one that TINYAE_HISTORIES_PYTHON names.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 60  # after which a history hangs


class ForkServer:
    """A server, begun when it is first asked."""

    def __init__(self):
        self._process = None

    def __call__(self, history):
        """Execute the history: None, or the kind of fault and what is known of it."""
        if self._process is None:
            self._process = self._begin()
        self._process.stdin.write(json.dumps(history).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the server has ended"
        return json.loads(answer)

    def _begin(self):
        interpreter = os.environ.get("TINYAE_HISTORIES_PYTHON")
        environment = dict(os.environ)
        if interpreter is None:
            import tinyae

            environment["PYTHONPATH"] = str(Path(tinyae.__file__).parents[1])
        return subprocess.Popen(
            [interpreter or sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    def close(self):
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()


def execute(history, run):
    """What `run(history)` gives in a fork of this process, or how the fork ended."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        os.setpgid(0, 0)  # with its own children
        signal.signal(signal.SIGINT, signal.default_int_handler)
        quiet()
        os.write(theirs, json.dumps(run(history)).encode())
        os._exit(0)
    os.close(theirs)
    with contextlib.suppress(OSError):
        os.setpgid(child, child)
    with open(ours, "rb") as pipe:
        if not select.select([pipe], [], [], SECONDS)[0]:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return ["a hang", f"of {SECONDS} seconds"]
        report = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status or not report:
        return ["a crash", f"exit code {status}"]
    return json.loads(report)


def quiet():
    """What a dying process prints is nobody's."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def serve():
    warnings.simplefilter("ignore")
    import tinyae  # the interpreter's own, before its neighbours can be found here

    tinyae.Autoencoder  # noqa: B018, which imports the rest
    sys.path.insert(0, str(ROOT))
    from tests.support.histories import execute as run
    from tests.support.histories import warm_up

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warm_up()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the tests ends it by its closed pipe
    for line in sys.stdin:
        answers.write(json.dumps(execute(json.loads(line), run)) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
