"""The door: what users bring is checked and laid out in one place each.

Read ``arrays`` (data), then ``arguments`` (single values and names), ``tables`` (columns for a
terminal), ``attributes`` (checked at every assignment), ``handed_out`` (arrays that go the other
way), ``callables`` (what `fit` is to call), ``undo`` (a refused call changes nothing),
``public_names`` (imported on first use), ``code`` (what a function refers to) and ``forks``
(processes that split while others work).
"""
