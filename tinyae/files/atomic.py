"""Files that appear whole or not at all."""

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: what a killed process leaves there is not swept up
    fcntl = None  # type: ignore[assignment]

# Linux can write a file that has no name yet: even a killed process leaves nothing behind.
_UNNAMED = getattr(os, "O_TMPFILE", 0) if os.path.isdir("/proc/self/fd") else 0
_TEMPORARY = re.compile(r"\.tinyae-[0-9a-f]{16}\.part")


@contextlib.contextmanager
def replace_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file to write that takes the place of `path` once all of it is on the disk.

    After any failure `path` is as it was and nothing is left beside it. A process that is killed
    can leave its file as ``.tinyae-….part``: on Linux only if it is killed between two system
    calls, elsewhere at any moment. The next to write into the folder removes it, except on Windows.

    Parameters
    ----------
    path : str or path-like
        Written exactly there, through symbolic links; an existing file's permissions are kept.

    Raises
    ------
    OSError
        Naming `path`: no such folder, no permission, a full disk, or `path` is not a plain file.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    temporary = ""
    try:
        mode = _mode_of(target)
        _sweep(folder)
        with contextlib.ExitStack() as files:
            file, temporary = _create(folder, files)
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if not os.path.exists(temporary):
                # with src_dir_fd Python calls linkat, which follows /proc's link to the file
                link = f"/proc/self/fd/{file.fileno()}"
                os.link(link, temporary, src_dir_fd=file.fileno())
            if fcntl is None:  # Windows does not move an open file
                file.close()
            os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.errno:
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise
    _sync_folder(folder)


def _mode_of(target: str) -> int | None:
    """The permissions of the file that is to be replaced; None if there is none."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise OSError(f"{target} is not a plain file, so it is not replaced")
    return stat.S_IMODE(mode)


# Temporary files. Whoever writes one has it locked until it is moved, which ends with the process
# at the latest: a file whose lock is free is nobody's.


def _create(folder: str, files: contextlib.ExitStack) -> tuple[BinaryIO, str]:
    """A new file, open and locked until the stack ends, and the name that it has or is to have."""
    # Without the flag it is an error to write a folder; some file systems cannot; and what else is
    # wrong comes again below.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, _UNNAMED | os.O_WRONLY, 0o666)
        file = files.enter_context(open(descriptor, "wb"))  # noqa: SIM115, the stack closes it
        _lock(descriptor)
        return file, _name(folder)
    while True:
        temporary = _name(folder)
        file = files.enter_context(open(temporary, "xb"))  # noqa: SIM115
        # one that sweeps may have found it before it was locked, and then removes it
        if _lock(file.fileno()) is not False and os.path.exists(temporary):
            return file, temporary


def _name(folder: str) -> str:
    return os.path.join(folder, f".tinyae-{secrets.token_hex(8)}.part")


def _lock(descriptor: int) -> bool | None:
    """Whether the file's lock was free and is ours now; None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _sweep(folder: str) -> None:
    """Remove the temporary files of writers that were killed."""
    if fcntl is None:  # Windows lets others delete the file between its closing and its moving
        return
    with contextlib.suppress(OSError):
        # not os.scandir, which Ctrl-C could leave open
        for name in filter(_TEMPORARY.fullmatch, os.listdir(folder)):
            with contextlib.suppress(OSError):  # as where it is another user's, or no plain file
                _remove_if_abandoned(os.path.join(folder, name))


def _remove_if_abandoned(temporary: str) -> None:
    descriptor = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if _lock(descriptor):
            os.unlink(temporary)
    finally:
        os.close(descriptor)


def _sync_folder(folder: str) -> None:
    """Put the new name itself on the disk, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
