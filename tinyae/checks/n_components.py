"""How many components PCA is asked for."""

from typing import Any

import numpy as np

from .arguments import shown


def check_n_components(name: str, n_components: Any) -> int | float | None:
    """A count, a share of the variance or None, as Python's own number; refused by name else."""
    count = isinstance(n_components, int | np.integer) and not isinstance(n_components, bool)
    share = isinstance(n_components, float | np.floating)
    if n_components is None or (count and n_components >= 1) or (share and 0 < n_components <= 1):
        return n_components.item() if isinstance(n_components, np.generic) else n_components
    raise ValueError(
        f"{name} must be a count of at least 1, a share of the variance in (0, 1] as a float, "
        f"or None, but it is {shown(n_components)}"
    )


def check_count(n_components: int | float | None, features: int) -> None:
    """Refuse more components than there are features."""
    if isinstance(n_components, int | np.integer) and n_components > features:
        raise ValueError(
            f"n_components must be at most the number of features, but it is "
            f"{n_components} and x has {features}"
        )
