"""Peak memory of this process, from a point in time on."""

import re
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> int | None:
    """Let the peak begin anew: what was needed only to import is not counted; bytes in use."""
    if not STATUS.exists():  # Linux only: elsewhere a peak cannot be taken back
        return None
    CLEAR.write_text("5")
    return _bytes("VmRSS")


def peak() -> int:
    """Bytes in use at most since then."""
    return _bytes("VmHWM")


def _bytes(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", STATUS.read_text())
    assert found is not None
    return int(found[1]) * 1024
