"""The door: what users bring is checked and laid out in one place each.

Read ``arrays`` (data), ``operands`` (of one part alone), then ``arguments`` (single values and
names), ``tables`` (columns for a terminal), ``attributes`` (checked at every assignment), ``undo``
(a refused call changes nothing), ``public_names`` (imported on first use) and ``code`` (what a
function refers to).
"""
