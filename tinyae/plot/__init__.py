"""Pictures of training and of what was learned; needs matplotlib (``pip install "tinyae[plot]"``).

Every function draws into the axes it is given, or into a new figure, and returns the axes. Nothing
is shown and no setting of matplotlib is changed: that is left to the caller.
"""

try:
    import matplotlib as _matplotlib  # noqa: F401
except ImportError as error:
    raise ImportError('plots need matplotlib: pip install "tinyae[plot]"') from error

from .codes import compare_latent, joint, latent
from .curves import curve
from .drawing import COLOURS, MARKERS, tile
from .pictures import error_map, interpolation, manifold, reconstructions, samples
from .pointer import explore
from .training import history
from .weights import filters

__all__ = [
    "COLOURS",
    "MARKERS",
    "compare_latent",
    "curve",
    "error_map",
    "explore",
    "filters",
    "history",
    "interpolation",
    "joint",
    "latent",
    "manifold",
    "reconstructions",
    "samples",
    "tile",
]
