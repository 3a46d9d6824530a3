"""The door: arrays, arguments and tables, checked and laid out in one place each.

Read ``arrays`` (data that users bring), then ``arguments`` (single values and names), then
``tables`` (columns for a terminal).
"""
