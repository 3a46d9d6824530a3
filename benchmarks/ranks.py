"""One training on two ranks of MPI, beside two threads, and beside PyTorch's DDP on gloo.

    python -m benchmarks.ranks [--rounds N] [WORKLOAD ...]

Milliseconds a step, from the same weights, in float32, each rank on one thread. Each way runs in
processes of its own, in turns; the median of the rounds is shown. "Strong" has the same mini-batch
on two ranks as on one, "weak" the same on each.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from statistics import median

from benchmarks.workloads.catalogue import WORKLOADS
from benchmarks.workloads.data import data_for
from benchmarks.workloads.initial_weights import weights_for
from benchmarks.workloads.kinds import Training
from benchmarks.workloads.tinyae_models import model

CHOSEN = ("gauss2d", "sigmoid", "latent2d", "convdense")
STEPS = 24  # in an epoch
MPIEXEC = ("mpiexec", "-n")
ALLOWED = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
# ranks, threads of each, how many mini-batches of one rank a step has
WAYS = {
    "one thread": ("fit", 1, 1, 1),
    "two threads": ("fit", 1, 2, 1),
    "one rank": ("mpi", 1, 1, 1),
    "two ranks": ("mpi", 2, 1, 1),
    "DDP": ("ddp", 2, 1, 1),
    "two threads, weak": ("fit", 1, 2, 2),
    "two ranks, weak": ("mpi", 2, 1, 2),
    "DDP, weak": ("ddp", 2, 1, 2),
}


def workload_of(name: str, parts: int) -> Training:
    """The workload, with so many of its mini-batches in each step."""
    known = WORKLOADS[name]
    assert isinstance(known, Training)
    return dataclasses.replace(known, batch=known.batch * parts, count=STEPS)


def timed(run: Callable[[int], object], seconds: float) -> float:
    """Milliseconds for one step; `run` takes so many epochs of them."""
    run(1)
    began = time.perf_counter()
    run(2)
    epochs = agreed(max(2, int(seconds / ((time.perf_counter() - began) / 2))))
    began = time.perf_counter()
    run(epochs)
    return (time.perf_counter() - began) / (epochs * STEPS) * 1e3


agreed: Callable[[int], int] = int  # on all ranks


def in_tinyae(workload: Training, threads: int, seconds: float, comm=None) -> float:
    """With `fit`."""
    x = data_for(workload)
    x = x.reshape(-1, *x.shape[2:])
    ae = model(workload, seed=1, threads=threads)
    options = {"batch_size": workload.batch, "verbose": 0, "comm": comm}
    return timed(lambda epochs: ae.fit(x, epochs=epochs, **options), seconds)


def in_ddp(workload: Training, threads: int, seconds: float) -> float:
    """With DistributedDataParallel and the fused Adam; all rows are on all ranks."""
    import torch
    from torch import distributed
    from torch.nn.parallel import DistributedDataParallel

    from benchmarks.contenders.torch_ import Fused

    torch.set_num_threads(threads)
    rank, size = distributed.get_rank(), distributed.get_world_size()
    fused = Fused(workload, data_for(workload), weights_for(workload))

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            pairs = [pair or () for pair in fused.weights]
            self.flat = torch.nn.ParameterList([each for pair in pairs for each in pair])

        def forward(self, x):
            given = iter(self.flat)
            return fused.loss_of(
                [pair and tuple(next(given) for _ in pair) for pair in fused.weights], x
            )

    module = DistributedDataParallel(Module(), gradient_as_bucket_view=True, static_graph=True)
    adam = torch.optim.Adam(module.parameters(), 1e-3, eps=1e-7, fused=True)
    x = torch.cat(fused.batches)
    part = workload.batch // size

    def run(epochs):
        for epoch in range(epochs):
            order = torch.randperm(len(x), generator=torch.Generator().manual_seed(epoch))
            for start in range(rank * part, len(x), workload.batch):
                adam.zero_grad()
                module(x[order[start : start + part]]).backward()
                adam.step()

    return timed(run, seconds)


def work(kind: str, name: str, threads: int, parts: int, seconds: float) -> None:
    """One rank's part, in a process of its own; the first prints the result."""
    global agreed
    workload = workload_of(name, parts)
    if kind == "fit":
        print(json.dumps(in_tinyae(workload, threads, seconds)))
    elif kind == "mpi":
        from mpi4py import MPI

        comm = MPI.COMM_WORLD
        agreed = comm.bcast
        found = in_tinyae(workload, threads, seconds, comm)
        if comm.rank == 0:
            print(json.dumps(found))
    else:
        import torch
        from torch import distributed

        distributed.init_process_group("gloo")

        def first(value):
            sent = torch.tensor([value])
            distributed.broadcast(sent, 0)
            return int(sent)

        agreed = first
        found = in_ddp(workload, threads, seconds)
        if distributed.get_rank() == 0:
            print(json.dumps(found))
        distributed.destroy_process_group()


def measured(way: str, name: str, seconds: float) -> float:
    """Milliseconds a step, measured in new processes."""
    kind, ranks, threads, parts = WAYS[way]
    command = [sys.executable, "-m", "benchmarks.ranks", "--work", kind, name]
    command += [str(threads), str(parts), str(seconds)]
    if kind == "mpi":
        command = [*MPIEXEC, str(ranks), *command]
    environment = {**os.environ, **ALLOWED, "OMP_NUM_THREADS": "1"}
    if kind == "fit":
        del environment["OMP_NUM_THREADS"]
    if kind != "ddp":
        ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
        return float(json.loads(ended.stdout))
    with tempfile.TemporaryDirectory() as folder:
        environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29517", "TMPDIR": folder}
        environment["WORLD_SIZE"] = str(ranks)
        processes = [
            subprocess.Popen(
                command, env={**environment, "RANK": str(rank)}, stdout=subprocess.PIPE, text=True
            )
            for rank in range(ranks)
        ]
        outputs = [process.communicate()[0] for process in processes]
    return float(json.loads(outputs[0]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("workloads", nargs="*", default=CHOSEN, metavar="WORKLOAD")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each round")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS)
    chosen = parser.parse_args()
    for name in chosen.workloads:
        times: dict[str, list[float]] = {way: [] for way in chosen.ways}
        for _ in range(chosen.rounds):
            for way, found in times.items():
                found.append(measured(way, name, chosen.seconds))
        workload = workload_of(name, 1)
        ae = model(workload)
        print(f"{name}: {ae.parameters.size:,} parameters, mini-batches of {workload.batch}")
        for way, found in times.items():
            shown = f"{min(found):.3f} to {max(found):.3f}"
            print(f"    {way:18} {median(found):9.3f} ms    {shown}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        kind, name, threads, parts, seconds = sys.argv[2:]
        work(kind, name, int(threads), int(parts), float(seconds))
    else:
        main()
