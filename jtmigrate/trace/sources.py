"""Where the code of modules and stages stands."""

import inspect
from collections.abc import Callable
from pathlib import Path


def source_line(function: Callable) -> str:
    """ "/path/of/file.py:12", the line on which a function begins; "" for one that is not written in Python."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or not Path(code.co_filename).is_file():
        return ""
    return f"{Path(code.co_filename).resolve()}:{code.co_firstlineno}"
