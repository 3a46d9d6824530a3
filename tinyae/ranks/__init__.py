"""Processes that work together, on one machine or on many: the ranks of a communicator.

Read ``together`` (how they meet, and how none waits for one that has failed), then ``alike`` (what
must be the same on all of them) and ``neighbours`` (who shares whose cores).
"""
