"""How it is measured: processes that take turns.

In this order: `measure` (one workload by all who can do it), `process` (a contender's process, seen
from outside), `handover` (what it is given), `worker` (what runs inside), `memory` (what it takes),
`agreement` (whether its answer is right), `control` (whether the machine was idle); `scaling`
(measuring again and again, with growing sizes); `import_times` (what importing a library takes).
"""
