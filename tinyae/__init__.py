"""tinyae: autoencoders from scratch in NumPy and Numba.

To learn how backpropagation works inside, read in this order:

1. ``tinyae/maths/activations.py``: what bends a line, and its slope;
2. ``tinyae/maths/losses.py``: where the gradient starts;
3. ``tinyae/layers/dense.py``: one layer, its forward and its backward pass side by side;
4. ``tinyae/training/trainers.py``: backpropagation through a chain of layers;
5. ``tinyae/maths/optimizers.py``: what is done with the gradient;
6. ``tinyae/layers/convolution.py``: convolution and its transpose as one product;
7. ``tinyae/engine/loop.py``: the same backpropagation as one compiled loop.

Public names are imported on first use, so ``import tinyae`` loads NumPy and nothing heavier.
"""

from .checks.public_names import on_first_use
from .version import __version__ as __version__

__getattr__, __dir__, __all__ = on_first_use(__name__)
