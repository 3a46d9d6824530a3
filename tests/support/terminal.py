"""What a program shows on a terminal."""

import os
import re
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tinyae

PACKAGE = str(Path(tinyae.__file__).parents[1])


def environment():
    """A process's, in which it finds tinyae, and no size of a terminal."""
    path = os.pathsep.join(filter(None, [PACKAGE, os.environ.get("PYTHONPATH")]))
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    return {**kept, "PYTHONPATH": path}


def python(code):
    """The command that runs it, with warnings as errors."""
    return [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]


def in_a_pipe(code):
    """What the program writes where it is no terminal that reads it."""
    done = subprocess.run(python(code), env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def on_a_terminal(code, columns=80):
    """What the program writes to a terminal of that width, which makes \\r\\n of each newline."""
    pty = pytest.importorskip("pty")
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(python(code), stdout=theirs, env=environment())
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    assert process.wait() == 0
    return written.decode()


def seen(text):
    """The lines that are to be seen at the end, as a terminal writes over what is there."""
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        shown = ""
        for piece in line.split("\r"):
            shown = piece + shown[len(piece) :]
        lines.append(shown.rstrip())
    return lines


def frames(text):
    """What stood in the line, one after the other."""
    return [frame.rstrip() for frame in re.split(r"[\r\n]+", text) if frame.strip()]
