"""Results of benchmarks that were never run."""


def made_up(seconds, unit="step", **more):
    """The results of one workload."""
    return {
        "unit": unit,
        "seconds": seconds,
        "control": [0.002, 0.003, 0.004],
        "memory": dict.fromkeys(seconds, 100_000_000) | {"tinyae": 8_000_000},
        "first": dict.fromkeys(seconds, 2.5) | {"tinyae": 0.25},
        "left_out": {},
        **more,
    }
