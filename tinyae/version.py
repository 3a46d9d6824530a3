"""The version of tinyae."""

__version__ = "0.2.0"
