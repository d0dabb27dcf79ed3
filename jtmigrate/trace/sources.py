"""Where the code of modules and stages stands."""

import inspect
from collections.abc import Callable
from pathlib import Path


def source_line(function: Callable) -> str:
    """ "models/net.py:12", the line on which a function begins; "" for one that is not written in Python.

    Relative to the current folder where it lies in that, so that a report can be handed on.
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or not Path(code.co_filename).is_file():
        return ""
    path = Path(code.co_filename).resolve()
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{code.co_firstlineno}"
