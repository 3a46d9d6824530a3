"""How a model is asked to write itself as a program."""

from __future__ import annotations

import os
from pathlib import Path

from ..checks.arguments import file_path, flag
from ..network.network import Network
from .c_files import export_c
from .numpy_file import export_numpy
from .onnx_file import export_onnx


class Exportable(Network):
    """A network with a method for each program that it can be written as."""

    def export_numpy(
        self, folder: str | os.PathLike[str], *, encoder_only: bool = False
    ) -> list[Path]:
        """Write the model as one Python file that needs NumPy only, and its weights beside it.

        See ``tinyae/export/numpy_file.py``.

        Parameters
        ----------
        folder : str or path-like
            Where to put them; it is made where it is missing.
        encoder_only : bool, default False
            Whether the program gives codes, and has no decoder.

        Returns
        -------
        list of Path
            The two files.
        """
        encoder_only = flag("encoder_only", encoder_only)
        self.require_built("export_numpy")
        return export_numpy(self, file_path("folder", folder), encoder_only)

    def export_c(self, folder: str | os.PathLike[str], *, encoder_only: bool = False) -> list[Path]:
        """Write the model as one C99 file and its header, which need no library but libm.

        The header says how to call it. See ``tinyae/export/c_files.py``.

        Parameters
        ----------
        folder : str or path-like
            Where to put them; it is made where it is missing.
        encoder_only : bool, default False
            Whether the program gives codes, and has no decoder.

        Returns
        -------
        list of Path
            The two files.

        Raises
        ------
        ValueError
            If a weight is NaN or infinite, or an activation or a layer of your own cannot be
            written; there is no file then.
        """
        encoder_only = flag("encoder_only", encoder_only)
        self.require_built("export_c")
        return export_c(self, file_path("folder", folder), encoder_only)

    def export_onnx(self, path: str | os.PathLike[str], *, encoder_only: bool = False) -> Path:
        """Write the model as an ONNX graph of opset 17, for any number of samples at a time.

        From ``x`` (n, *input_shape) to ``y`` (n, *output_shape), or to the codes ``z``; images have
        their channels last. Needs onnx (``pip install "tinyae[onnx]"``). See
        ``tinyae/export/onnx_file.py``.

        Parameters
        ----------
        path : str or path-like
            Where to write it.
        encoder_only : bool, default False
            Whether the graph gives codes, and has no decoder.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ValueError
            As `export_c` does.
        ImportError
            If onnx is missing.
        """
        encoder_only = flag("encoder_only", encoder_only)
        self.require_built("export_onnx")
        return export_onnx(self, file_path("path", path), encoder_only)
