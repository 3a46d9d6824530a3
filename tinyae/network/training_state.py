"""What a file keeps of where a model's training stands, in each version of the format."""

from typing import Any

from ..files.archive import ModelFormatError
from ..files.fields import counter, fields
from .history import Progress
from .network import Network

# The names of the counters in a file, and in `Progress`
COUNTERS = {"epoch": "epoch", "step": "step", "pass": "pass_", "position": "position"}
BY_VERSION = {1: COUNTERS, 2: {**COUNTERS, "optimizer_step": "optimizer_step"}}


def training_state_of(model: Network) -> dict[str, Any]:
    """The counters, and the names of the history's figures."""
    counts = {key: getattr(model.progress, name) for key, name in BY_VERSION[2].items()}
    return {**counts, "history": list(model.history)}


def restore_counters(progress: Progress, state: dict[str, Any], version: int) -> list[str]:
    """Take the counters of a file of that version; the names of its history's figures."""
    counters = BY_VERSION[version]
    types = {**dict.fromkeys(counters, int), "history": list}
    *counts, names = fields("training_state", state, types)
    for (key, name), count in zip(counters.items(), counts, strict=True):
        setattr(progress, name, counter(key, count))
    if version == 1:  # whose models had one optimizer for life
        progress.optimizer_step = progress.step
    if not all(isinstance(name, str) for name in names) or len({*names}) < len(names):
        raise ModelFormatError("training_state: 'history' should hold names, each once")
    return names
