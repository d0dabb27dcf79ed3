"""`MODULE:FACTORY`, as a user writes it, turned into a function."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from jtmigrate.errors import UserError

HOW = "give MODULE:FACTORY, such as package.module:build or path/to/file.py:build"


def load_factory(spec: str) -> Callable[[], Any]:
    """The zero-argument function that `spec` names, imported from the current folder, a file or an installed package.

    Raises UserError if there is no such module or function, or if importing the module raises ImportError or
    AttributeError.
    """
    module_name, colon, function_name = spec.rpartition(":")
    if not (module_name and colon and function_name.isidentifier()):
        raise UserError(f"{spec!r} names no factory: {HOW}")
    try:
        module = _import_file(Path(module_name)) if module_name.endswith(".py") else _import_module(module_name)
    except (ImportError, AttributeError) as error:
        raise UserError(f"{spec}: cannot import {module_name}: {error}") from error
    factory = getattr(module, function_name, None)
    if not callable(factory):
        raise UserError(f"{spec}: {module_name} has no function {function_name!r}")
    return factory


def build(spec: str) -> Any:
    """The model that the factory named by `spec` returns.

    Raises UserError as `load_factory` does, and if the factory raises ImportError or AttributeError or wants arguments.
    """
    factory = load_factory(spec)
    try:
        return factory()
    except (ImportError, AttributeError, TypeError) as error:
        raise UserError(f"{spec}: the factory raised {type(error).__name__}: {error}") from error


def _import_module(name: str) -> ModuleType:
    _prefer(Path.cwd())
    return importlib.import_module(name)


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserError(f"no such file: {path}")
    _prefer(path.resolve().parent)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _prefer(folder: Path) -> None:
    """Search a folder first, as `python file.py` does for the file's own."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
