"""One contender in a process of its own, told over standard input what to do.

``python -m benchmarks.worker CONTENDER WORKLOAD``; each line in is a JSON list, each line out the
answer: ["start"], ["verify", steps], ["time", steps], ["memory"].
"""

import json
import os
import resource
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")


def peak_memory() -> int:
    """Bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Answer until the input ends."""
    name, workload_name = sys.argv[1:3]
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    contender = None
    imports = 0
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        try:
            if command == "start":
                from benchmarks import contenders
                from benchmarks.workloads import WORKLOADS

                cls = contenders.load(name)
                workload = WORKLOADS[workload_name]
                weights, batches = workload.weights(), workload.batches()
                imports = peak_memory()
                contender = cls(workload, weights, batches)
                answer = "ready"
            elif command == "verify":
                answer = contender.sgd_losses(*arguments)
            elif command == "time":
                began = time.perf_counter()
                contender.run(*arguments)
                answer = time.perf_counter() - began
            else:
                answer = peak_memory() - imports
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {str(error).splitlines()[0][:100]}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
