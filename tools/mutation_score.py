"""Which part of small faults do the tests notice?

    python tools/mutation_score.py --faults 40 --seed 1 layers linear

draws faults of `tools/faults.py`, puts each into a copy of the repository, and runs the tests that
call the function in which it stands: those of its folder, of the module's own file first and quick
ones first, then those of all other folders. They run without the JIT, as a fault in a kernel would
have every kernel compiled again; what they let pass meets, with ``--compiled``, the folder's tests
once more with the JIT. Tests that do not end have noticed the fault, too: what they may take is
counted in seconds of work, which a busy machine does not use up, and their faults are printed.

The lines of each fault that survives are printed, and a table at the end. Faults that change
nothing which can be seen stand in `tools/equivalent_faults.toml`, with the reason: they are not
counted. Which test calls what is recorded once for each file of tests, in the folder ``--calls``. A
record that is out of date can only lower the score.
"""

import argparse
import bisect
import contextlib
import hashlib
import itertools
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from tools.faults import Fault, faults_in

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).with_name("equivalent_faults.toml")
FOLDERS = [
    *(
        "maths",
        "primitives",
        "layers",
        "composed",
        "engine",
        "network",
        "saving",
        "feeding",
        "training",
    ),
    *("decomposition", "linear", "inspection", "files"),
]
# Which look at what stands there, too
OTHER_TESTS = ["callbacks", "checks", "codes", "export", "family", "progress", "promises"]
SLOW = 20.0  # seconds: tests that take longer are left out
SECONDS = 60.0  # of tests, by their records, for one fault
WAITING = 10  # times the seconds of work that are allowed, for what waits and does not work
MEMORY = 4 << 30  # bytes, for what collects for ever
Calls = dict[str, tuple[float, list[str]]]  # test -> seconds, what it calls


# Which test calls what: a plugin of pytest


class Recorder:
    """Notes for each test that passes its seconds of work and the functions that it called."""

    def __init__(self, root: Path):
        self.package = f"{root / 'tinyae'}{os.sep}"
        self.root, self.codes, self.tests = len(str(root)) + 1, set(), {}

    def trace(self, frame, event, argument):
        self.codes.add(frame.f_code)  # and no trace of its lines

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.passed:
            called = {
                f"{code.co_filename[self.root :]} {code.co_qualname.replace('<locals>.', '')}"
                for code in list(self.codes)  # which grows meanwhile
                if code.co_filename.startswith(self.package)
            }
            self.tests[report.nodeid] = (seconds_of_work() - self.start, sorted(called))

    def pytest_runtest_setup(self, item):
        self.codes.clear()
        self.start = seconds_of_work()
        threading.settrace(self.trace)
        sys.settrace(self.trace)


def seconds_of_work() -> float:
    """Of this process and those that it has started: the same on a busy machine."""
    return sum(os.times()[:4])


def record(file: str, target: str) -> None:
    """Run a file's tests and write what they call: in a process of its own."""
    import pytest

    recorder = Recorder(Path.cwd())
    pytest.main(["-q", "-p", "no:cacheprovider", file], plugins=[recorder])
    sys.settrace(None)
    Path(target).write_text(json.dumps(recorder.tests))


def recorded_calls(copy: Path, kept: Path, folder: str) -> Calls:
    """What the tests of a folder call, from `kept` or anew."""
    kept.mkdir(parents=True, exist_ok=True)
    calls: Calls = {}
    for path in sorted((copy / "tests" / folder).glob("test_*.py")):
        name = path.relative_to(copy).as_posix()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        target = kept / f"{folder}-{path.stem}-{digest}.json"
        if not target.exists():
            print(f"recording {name}", flush=True)
            if not run(copy, [__file__, "--record", name, str(target)], 600, jit=False):
                target.write_text("{}")
        calls |= json.loads(target.read_text())
    return calls


# One fault


def run(copy: Path, command: list[str], seconds: float, *, jit: bool) -> bool | None:
    """Whether Python, run in the copy, ends well, or None if it does not end within so many seconds
    of work; nothing that it started stays behind.
    """
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"NUMBA_DISABLE_JIT": str(int(not jit)), "NUMBA_CACHE_DIR": str(copy / "cache")}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=copy,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        limits = {resource.RLIMIT_CPU: int(seconds) + 1, resource.RLIMIT_DATA: MEMORY}
        for limit, most in limits.items():
            resource.prlimit(process.pid, limit, (most, most))
        try:
            code = process.wait(WAITING * seconds)
            return None if code in (-signal.SIGXCPU, -signal.SIGKILL) else code == 0
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def tests_for(fault: Fault, calls: Calls) -> tuple[list[str], float]:
    """The tests that may notice a fault, the nearest and quickest first, and their seconds."""
    own, within = f"/test_{Path(fault.file).stem}.py::", f"{fault.file} {fault.function}."
    # of a function that nothing has called, and what a class says outside its methods: what calls
    # anything in its file; what stands outside of all is imported by others
    folder = f"{Path(fault.file).parent.as_posix()}/"
    of_class = fault.function.rpartition(".")[2][:1].isupper()
    inside = (f"{fault.file} ",) if of_class else (within, f"{fault.file} ")
    for start in inside if fault.function else (folder,):
        found = sorted(
            (own not in test, seconds, test)
            for test, (seconds, called) in calls.items()
            if seconds < SLOW and any(f"{name}.".startswith(start) for name in called)
        )
        if found:
            break
    until = [0.0, *itertools.accumulate(seconds for _, seconds, _ in found)]
    count = bisect.bisect(until, SECONDS) - 1
    return [test for _, _, test in found[:count]], until[count]


def passes(copy: Path, fault: Fault, tests: list[str], seconds: float, *, jit: bool) -> bool | None:
    """Whether these tests pass with the fault in the copy; None if they do not end."""
    path, listed = copy / fault.file, copy / "chosen_tests"
    listed.write_text("\n".join(tests))
    source = path.read_bytes()
    path.write_bytes(fault.put_into(source))
    try:
        pytest = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"@{listed}"]
        return run(copy, pytest, seconds, jit=jit)
    finally:
        path.write_bytes(source)


def survives(copy: Path, fault: Fault, kept: Path, own: bool, compiled: bool) -> bool | None:
    """Whether all tests pass with the fault in the copy; None if they do not end."""
    folder = Path(fault.file).parts[-2]
    others = [each for each in [*FOLDERS, *OTHER_TESTS] if each != folder]
    for group in [[folder]] if own else [[folder], others]:
        calls: Calls = {}
        for each in group:
            calls |= recorded_calls(copy, kept, each)
        tests, seconds = tests_for(fault, calls)
        if tests and not (passed := passes(copy, fault, tests, 60 + 4 * seconds, jit=False)):
            return passed
    return not compiled or passes(copy, fault, [f"tests/{folder}"], 1800, jit=True)


# All of them


@contextlib.contextmanager
def copied(root: Path) -> Iterator[Path]:
    """A copy of a repository, away from it."""
    unused = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        shutil.copytree(root, copy, ignore=unused)
        yield copy


def drawn(copy: Path, folder: str, count: int, seed: int) -> list[Fault]:
    """So many faults of a folder, by a seed."""
    every = [
        fault
        for path in sorted((copy / "tinyae" / folder).glob("*.py"))
        for fault in faults_in(path.relative_to(copy).as_posix(), path.read_bytes())
    ]
    return random.Random(f"{seed} {folder}").sample(every, min(count, len(every)))


def equivalent_faults() -> dict[tuple[str, str, str | None], str]:
    """Faults that change nothing which can be seen, with the reason: a file, lines before and
    after, or None for whatever these lines are changed into.
    """
    known = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["fault"]
    return {(each["file"], each["before"], each.get("after")): each["reason"] for each in known}


def score(root: Path, given: argparse.Namespace) -> str:
    """Draw faults, try each, and print those that survive; a table of all."""
    equivalent = equivalent_faults()
    rows = [f"{'folder':<12}{'drawn':>8}{'equivalent':>12}{'noticed':>9}{'score':>8}"]
    with copied(root) as copy:
        for folder in given.folders:
            passed = noticed = 0
            faults = drawn(copy, folder, given.faults, given.seed)
            for fault in faults:
                before, after = fault.lines((copy / fault.file).read_bytes())
                if {(fault.file, before, after), (fault.file, before, None)} & equivalent.keys():
                    passed += 1
                    continue
                survived = survives(copy, fault, given.calls, given.own, given.compiled)
                noticed += not survived
                if survived is not False:
                    end = "" if survived else ": tests do not end"
                    place = f"{fault.file} {fault.function}{end}"
                    print(f"{place}\n- {before}\n+ {after}\n", flush=True)
            counted = len(faults) - passed
            part = f"{noticed / counted:.0%}" if counted else "-"
            rows.append(f"{folder:<12}{len(faults):>8}{passed:>12}{noticed:>9}{part:>8}")
            print(rows[-1], flush=True)
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", default=FOLDERS, help="of tinyae")
    parser.add_argument("--faults", type=int, default=40, help="in each folder (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="which faults (%(default)s)")
    parser.add_argument("--own", action="store_true", help="only the tests of a fault's folder")
    parser.add_argument("--compiled", action="store_true", help="survivors again, with the JIT")
    parser.add_argument("--calls", type=Path, default=Path(tempfile.gettempdir(), "tinyae-calls"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and tidy up
    print(score(ROOT, parser.parse_args()))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        record(*sys.argv[2:])
    else:
        main()
