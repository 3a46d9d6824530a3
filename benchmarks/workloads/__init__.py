"""What is measured, in no library's words.

In this order: `kinds` (of workloads), `catalogue` (every workload by its name), `series` (workloads
that grow); then what all contenders are given: `data` and `initial_weights`, which are those of the
models in `tinyae_models`.
"""
