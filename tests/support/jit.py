"""What is tested where kernels are compiled only."""

import pytest

from tinyae.system.numba_parts import DISABLED

needs_jit = pytest.mark.skipif(DISABLED, reason="nothing is compiled")
