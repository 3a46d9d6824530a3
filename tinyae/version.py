"""The version of tinyae."""

__version__ = "0.1.0"
