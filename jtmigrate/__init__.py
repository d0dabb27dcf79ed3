"""Migrates PyTorch models to Jittor and proves, layer by layer, that the port computes the same.

Importing this imports neither torch nor Jittor.
"""

# Both are modules of the same name too. Imported here, before anybody imports those, the functions win.
from jtmigrate.convert import convert
from jtmigrate.diff import diff

__version__ = "0.1.0"
__all__ = ["__version__", "convert", "diff"]
