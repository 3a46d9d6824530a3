"""How it is measured: processes that take turns.

In this order: `measure` (one workload by all who can do it), `process` (a contender's process, seen
from outside), `worker` (the same from inside), `memory` (what it takes), `scaling` (measuring again
and again, with growing sizes), `import_times` (without workloads: what importing a library takes).
"""
