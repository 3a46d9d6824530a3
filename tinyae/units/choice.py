"""Which models train by units: decided by shapes and the processor, never by a clock."""

import numpy as np

from ..engine import tuning
from ..engine.program import Program
from ..layers.dense import Dense
from ..layers.record import as_type
from ..machine.calls import NONE
from ..system.numba_parts import DISABLED, processor_has


def suits(program: Program, parameters: int, batch_rows: int, threads: int) -> bool:
    """Whether tiles are fast for it, and each unit's numbers are all that its thread needs.

    Tiles are for dense layers in float32, on a processor with as many registers as they need. A
    softmax needs its layer's other units, and penalties are sums over a sample or a kernel.
    """
    least = tuning.UNITS_ROWS if threads > 1 else tuning.UNITS_ROWS_ALONE
    return (
        not DISABLED
        and program.dtype == np.float32
        and processor_has(tuning.TILES_NEED)
        and parameters >= tuning.UNITS_PARAMETERS
        and least <= batch_rows <= program.capacity(batch_rows, tuning.UNITS_BYTES)
        and all(kernels is Dense.kernels for kernels in program.kernels)
        and not program.penalised
        and all(op.penalty == op.kernel_penalty == NONE for op in program.table)
        and all(as_type(op, program.kernels[0].record).activation >= NONE for op in program.table)
    )
