"""tinyae beside its peers: ``python -m benchmarks``, ``python -m benchmarks.equality``.

In this order: `workloads` (what is measured), `contenders` (who), `harness` (how), `report` (what
is shown), and `__main__`, which joins them; `equality` compares results and measures nothing.
"""
