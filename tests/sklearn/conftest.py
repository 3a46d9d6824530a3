"""These tests need the extra: ``pip install -e ".[test,sklearn]" pandas polars``."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("sklearn") else ["test_*"]
