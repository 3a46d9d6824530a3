"""Kernels compiled ahead of the first training."""

import pytest

from tests.support.jit import needs_jit
from tests.support.shell import fails
from tinyae.cli import warm
from tinyae.system.numba_parts import DISABLED, processor_has
from tinyae.tiles import tiles
from tinyae.training.compiled import make_trainer


@needs_jit
@pytest.mark.skipif(not processor_has(tiles.NEED_IN_LANES), reason="all models go one way")
def test_each_kind_goes_its_way():
    trainers = {kind: make_trainer(make(), warm.ROWS) for kind, make in warm.MODELS.items()}
    wide = ["large dense models"] if tiles.WIDE else []
    assert [kind for kind, each in trainers.items() if each.by_units] == wide
    assert [kind for kind, each in trainers.items() if each.in_lanes] == ["tiny dense models"]
    for trainer in trainers.values():
        trainer.close()


@needs_jit
def test_what_is_compiled_is_said(run):
    code, out, err = run("warm")
    assert (code, err) == (0, "")
    *kinds, end = out.splitlines()[: len(warm.MODELS) + 1]
    assert {line.split(":")[0] for line in kinds} == set(warm.MODELS)
    assert end.startswith("All in ")


@pytest.mark.skipif(not DISABLED, reason="kernels are compiled")
def test_without_the_jit_there_is_nothing_to_compile(run):
    fails(run("warm"), "nothing is compiled where NUMBA_DISABLE_JIT is set")
