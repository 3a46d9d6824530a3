"""tinyae beside its peers: ``python -m benchmarks``, ``python -m benchmarks.equality``."""
