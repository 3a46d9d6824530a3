"""Where tinyae keeps what is worth keeping from run to run."""

import os
import sys
from pathlib import Path

from ..version import __version__


def user_cache() -> Path:
    """tinyae's folder for files that can be had again, by the custom of the operating system."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        named = os.environ.get("XDG_CACHE_HOME", "")  # a relative one is to be ignored
        base = named if os.path.isabs(named) else Path.home() / ".cache"
    return Path(base) / "tinyae"


def kernel_cache() -> Path:
    """Where compiled kernels are kept: below NUMBA_CACHE_DIR if it is set."""
    import numba  # which those who only look for data do without

    base = numba.config.CACHE_DIR
    return (Path(base, "tinyae") if base else user_cache()) / f"kernels-{__version__}"
