"""Models that share parts, are copied, refused, interrupted, saved, forked, assigned to, trained.

Hypothesis draws what happens; a process of its own executes it and looks at everything after every
step. TINYAE_HISTORIES is the number of histories; TINYAE_HISTORIES_PYTHON an interpreter with
another tinyae to try.
"""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

COUNT = int(os.environ.get("TINYAE_HISTORIES", "100"))

some, few, flag = st.integers(0, 11), st.integers(0, 3), st.integers(0, 1)
STEPS = {
    "new": (some, few, few, few, flag, flag, flag),
    "new_chain": (some, few),
    "compose": (flag, few, some, some, flag),
    "copy_model": (few, few),
    "copy_dtype": (few, flag),
    "copy_chain": (few, few, flag),
    "copy_layer": (few, few, few),
    "reload": (few, flag),
    "fit": (few, st.integers(0, 2), st.sampled_from([3, 5, 10])),
    "write": (few, few),
    "change": (few, st.integers(0, 40)),
    "assign": (few, some, st.integers(0, 60), st.integers(0, 60)),
    "misuse": (few, st.integers(0, 30), some),
    "refuse": (few, st.integers(0, 40)),
    "interrupt_build": (few, few, flag),
    "interrupt_callback": (few, few, few),
    "interrupt_signal": (few, some),
    "fork": (few, flag),
    "together": (few, few, st.integers(0, 6)),
}
steps = st.one_of([st.tuples(st.just(name), *numbers) for name, numbers in STEPS.items()])


@pytest.mark.large
@settings(max_examples=COUNT)
@given(history=st.lists(steps, min_size=1, max_size=10))
def test_no_history_breaks_a_model(execute, history):
    assert execute(history) is None
