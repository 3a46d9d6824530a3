"""Which models train by units, and which in lanes: decided by shapes and the processor, never by a
clock.
"""

import numpy as np

from ..engine import tuning
from ..engine.program import Program
from ..layers.dense import Dense
from ..layers.record import as_type
from ..machine.calls import NONE
from ..system.numba_parts import DISABLED, processor_has


def suits_units(program: Program, parameters: int, batch_rows: int, threads: int) -> bool:
    """Whether each unit's numbers are all that its thread needs, and enough for it.

    Penalties on kernels are sums over blocks of them that no thread has.
    """
    least = tuning.UNITS_ROWS if threads > 1 else tuning.UNITS_ROWS_ALONE
    return (
        _has_tiles(program)
        and parameters >= tuning.UNITS_PARAMETERS
        and least <= batch_rows <= program.capacity(batch_rows, tuning.UNITS_BYTES)
        and all(op.kernel_penalty == NONE for op in program.table)
    )


def suits_lanes(program: Program, share: int) -> bool:
    """Whether layers are narrow, there is more to compute than to bring into lanes and back, and
    all of a thread's share of a mini-batch stays in the cache.
    """
    table = program.table
    return (
        _has_tiles(program)
        and max(program.inputs, *table.outputs) <= tuning.LANES_UNITS
        and program.operations >= tuning.LANES_OPERATIONS * (program.inputs + program.outputs)
        and tuning.LANES_ROWS <= share <= program.capacity(share, tuning.LANES_BYTES)
    )


def _has_tiles(program: Program) -> bool:
    """Tiles are for dense layers in float32, on a processor with as many registers as they need.

    A softmax needs its layer's other units, and a penalty is a sum over a sample.
    """
    table, kernels = program.table, program.kernels
    return (
        not DISABLED
        and program.dtype == np.float32
        and processor_has(tuning.TILES_NEED)
        and all(each is Dense.kernels for each in kernels)
        and not program.penalised
        and all(op.penalty == NONE for op in table)
        and all(as_type(op, kernels[0].record).activation >= NONE for op in table)
    )
