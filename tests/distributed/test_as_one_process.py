"""Ranks that are threads train, measure and decompose as one process does."""

import pytest

from tests.support.rank_failures import FAILURES
from tests.support.rank_scenarios import SCENARIOS
from tests.support.thread_ranks import Alone, on_ranks

ALL = {**SCENARIOS, **FAILURES}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_ranks(size, name):
    if size == 1:
        ALL[name](Alone())
    else:
        on_ranks(size, ALL[name])
