"""Pictures of training and of what was learned; needs matplotlib (``pip install "tinyae[plot]"``).

Every function draws into the axes it is given, or into a new figure, and returns the axes. Nothing
is shown and no setting of matplotlib is changed: that is left to the caller.

Read ``drawing`` (what all share), ``training`` (losses by epoch), ``curves`` (points in the plane),
``codes``, ``pictures`` (of decoded images), ``explanations`` (of anomalies), ``filters`` and
``pointer`` (decoding under the mouse).
"""

from typing import Any

from ..checks.extras import needs
from ..checks.public_names import on_first_use

_find, __dir__, __all__ = on_first_use(__name__)


def __getattr__(name: str) -> Any:
    with needs("plots need", "plot", "matplotlib", "mpl_toolkits"):
        return _find(name)
