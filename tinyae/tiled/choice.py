"""Which models can train by units, and which in lanes: by shapes and the processor, never by a
clock. What a step needs besides (its whole gradient, the input's) is for ``training.compiled``.
"""

from ..engine import tuning
from ..engine.program import Program
from ..layers.dense import Dense
from ..machine.calls import NONE
from ..tiles.tiles import NEED, NEED_IN_LANES, win
from .by_rows import ACTIVATION


def suits_units(program: Program, parameters: int, batch_rows: int) -> bool:
    """Whether threads can share the units of the dense layers, and these are enough for them.

    Layers without weights take a sample at a time. Penalties on kernels are refused: they are sums
    over blocks that no thread has.
    """
    pairs = zip(program.kernels, program.table, strict=True)
    return (
        _has_tiles(program, NEED)
        and program.separable  # any thread may compute any part of dW
        and all(each is Dense.kernels or op.w_size == 0 for each, op in pairs)
        and parameters >= tuning.UNITS_PARAMETERS
        and tuning.UNITS_ROWS <= batch_rows <= program.capacity(batch_rows, tuning.UNITS_BYTES)
        and all(op.kernel_penalty == NONE for op in program.table)
    )


def suits_lanes(program: Program, share: int) -> bool:
    """Whether layers are dense and narrow, there is more to compute than to bring into lanes and
    back, and all of a thread's share of a mini-batch stays in the cache.

    Penalties on activities are refused: each is a sum over a sample, whose numbers are far apart.
    """
    table = program.table
    return (
        _has_tiles(program, NEED_IN_LANES)
        and all(each is Dense.kernels for each in program.kernels)
        and all(op.penalty == NONE for op in table)
        and max(program.inputs, *table.outputs) <= tuning.LANES_UNITS
        and program.operations >= tuning.LANES_OPERATIONS * (program.inputs + program.outputs)
        and tuning.LANES_ROWS <= share <= program.capacity(share, tuning.LANES_BYTES)
    )


def _has_tiles(program: Program, need: str) -> bool:
    """Whether tiles win, and all activations are of single units, as softmax is not."""
    pairs = zip(program.kernels, program.table, strict=True)
    return win(program.dtype, need) and all(
        op.own[ACTIVATION] >= NONE for each, op in pairs if each is Dense.kernels
    )
