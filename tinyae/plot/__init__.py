"""Pictures of training and of what was learned; needs matplotlib (``pip install "tinyae[plot]"``).

Every function draws into the axes it is given, or into a new figure, and returns the axes; `page`,
`backprop_page` and `training_film` write a file instead, and return its path. Nothing is shown and
no setting of matplotlib is changed: that is left to the caller. In a figure of several plots,
``layout="constrained"`` makes room for names and legends::

    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    tae.plot.history(ae.history, ax=axes[0])
    tae.plot.reconstructions(ae, x, ax=axes[1])
    figure.savefig("training.png")

Read ``drawing`` (what all share), ``training`` (losses and gradients by epoch), ``curves`` (points
in the plane), ``codes``, ``pictures`` (of decoded images), ``error_images``, ``errors`` (scores,
PCA's spectrum), ``variance`` (what PCA's components explain), ``explanations`` (of anomalies),
``filters`` and ``pointer`` (decoding under the mouse).

Pages for the browser: ``html_file`` (how one file is made of the parts in ``web``), ``javascript``
(a decoder as data), ``directions`` (ways to walk among codes) and ``latent_page``. ``film`` is of
training; ``seen_step``, ``backprop_picture`` and ``backprop_page`` show one step of it.
"""

from typing import Any

from ..checks.extras import needs
from ..checks.public_names import on_first_use

_find, __dir__, __all__ = on_first_use(__name__)


def __getattr__(name: str) -> Any:
    with needs("plots need", "plot", "matplotlib", "mpl_toolkits"):
        return _find(name)
