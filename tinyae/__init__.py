"""tinyae: autoencoders from scratch in NumPy and Numba.

To learn how backpropagation works inside, read in this order:

1. ``examples/1_learn/backprop_by_hand.py``: all of it in two short functions of plain NumPy;
2. ``tinyae/maths/activations.py``: what bends a line, and its slope;
3. ``tinyae/maths/losses.py``: where the gradient starts;
4. ``tinyae/layers/dense.py``: one layer, its forward and its backward pass side by side;
5. ``tinyae/network/backprop.py``: backpropagation through a chain of layers;
6. ``tinyae/maths/optimizers.py``: what is done with the gradient;
7. ``tinyae/primitives/plain_images.py``: convolution and its transpose as sums, in NumPy alone;
   then ``tinyae/layers/im2col.py`` and ``tinyae/layers/convolution.py``: the same as one product;
8. for those who want to know how it is compiled, ``tinyae/machine``, then
   ``tinyae/engine/loop.py``: the same backpropagation as one compiled loop.

Public names are imported on first use, so ``import tinyae`` loads NumPy and nothing heavier.
"""

from .checks.public_names import on_first_use
from .version import __version__ as __version__

__getattr__, __dir__, __all__ = on_first_use(__name__)
