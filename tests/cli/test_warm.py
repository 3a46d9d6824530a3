"""Kernels compiled ahead of the first training."""

import pytest

from tests.support.jit import needs_jit
from tests.support.shell import fails
from tinyae.cli import warm
from tinyae.system.numba_parts import DISABLED
from tinyae.tiles import tiles
from tinyae.training.compiled import make_trainer


@needs_jit
def test_each_kind_goes_its_way(monkeypatch):
    """On a processor that has all registers; on others some of these ways are one."""
    monkeypatch.setattr(tiles, "processor_has", lambda feature: True)
    trainers = {kind: make_trainer(make(), warm.ROWS) for kind, make in warm.MODELS.items()}
    assert [kind for kind, each in trainers.items() if each.by_units] == ["large dense models"]
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
