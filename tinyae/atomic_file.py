"""Files that appear whole or not at all."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from typing import BinaryIO

# Linux can write a file that has no name yet: even a killed process leaves nothing behind.
_UNNAMED = getattr(os, "O_TMPFILE", 0) if os.path.isdir("/proc/self/fd") else 0


@contextlib.contextmanager
def replace_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file to write that takes the place of `path` once all of it is on the disk.

    After any failure `path` is as it was and nothing is left beside it. A process that is killed
    can leave its finished file as ``.tinyae-….part``: on Linux only if it is killed between two
    system calls, elsewhere at any moment.

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
    temporary = os.path.join(folder, f".tinyae-{secrets.token_hex(8)}.part")
    try:
        mode = _mode_of(target)
        with _create(folder, temporary) as file:
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if not os.path.exists(temporary):
                # with src_dir_fd Python calls linkat, which follows /proc's link to the file
                link = f"/proc/self/fd/{file.fileno()}"
                os.link(link, temporary, src_dir_fd=file.fileno())
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


def _create(folder: str, temporary: str) -> BinaryIO:
    if _UNNAMED:
        with contextlib.suppress(OSError):  # some file systems cannot, and errors come again below
            return open(os.open(folder, _UNNAMED | os.O_WRONLY, 0o666), "wb")
    return open(temporary, "xb")


def _sync_folder(folder: str) -> None:
    """Put the new name itself on the disk, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
