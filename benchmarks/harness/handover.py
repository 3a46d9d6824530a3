"""The folder through which a contender's process is given its workload, data and weights.

They are made once, so the process itself need not import tinyae for them; nor does this file.
"""

import pickle
from pathlib import Path

import numpy as np

from benchmarks.workloads.kinds import Workload


def write(folder: Path, workload: Workload, data: np.ndarray, weights: list) -> None:
    """Fill the folder; of each layer's weights there is a pair, or None."""
    arrays = {"data": data}
    for i, pair in enumerate(weights):
        if pair is not None:
            arrays[f"W{i}"], arrays[f"b{i}"] = pair
    np.savez(folder / "inputs.npz", layers=np.array(len(weights)), **arrays)
    (folder / "workload.pickle").write_bytes(pickle.dumps(workload))


def read(folder: Path) -> tuple[Workload, np.ndarray, list]:
    """The workload, the data and the initial weights, as `write` left them."""
    workload = pickle.loads((folder / "workload.pickle").read_bytes())
    with np.load(folder / "inputs.npz") as arrays:
        pairs = [(arrays.get(f"W{i}"), arrays.get(f"b{i}")) for i in range(arrays["layers"])]
        return workload, arrays["data"], [None if pair[0] is None else pair for pair in pairs]
