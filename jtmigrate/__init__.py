"""Migrates PyTorch models to Jittor and proves, layer by layer, that the port computes the same.

Importing this imports neither torch nor Jittor, and what it offers only once it is asked for.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "convert", "diff"]


class _Package(ModuleType):
    """`jtmigrate.convert` and `jtmigrate.diff` are functions, though each lies in a module of its own name.

    Importing such a module would put it in the function's place, which a property prevents.
    """

    @property
    def convert(self) -> Callable[..., Any]:
        """Convert a checkpoint file: `jtmigrate.convert.convert`."""
        return import_module("jtmigrate.convert").convert

    @convert.setter
    def convert(self, module: ModuleType) -> None:
        pass

    @property
    def diff(self) -> Callable[..., Any]:
        """Compare a model with its port: `jtmigrate.diff.diff`."""
        return import_module("jtmigrate.diff").diff

    @diff.setter
    def diff(self, module: ModuleType) -> None:
        pass


sys.modules[__name__].__class__ = _Package
