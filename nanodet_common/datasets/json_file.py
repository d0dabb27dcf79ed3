"""Reads JSON that nobody vouches for: nesting, huge numbers and repeated keys end in one clear line."""

import json
from pathlib import Path
from typing import Any

from nanodet_common.errors import InputError


def read_json(path: Path) -> Any:
    """The file's content. Raises InputError if it cannot be read, is no JSON, or has a key twice in one object."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return json.loads(content, object_pairs_hook=_unique)
    except RecursionError as error:
        raise InputError(f"{path}: not usable JSON: nested too deeply") from error
    except ValueError as error:  # wrong syntax, wrong encoding, or a whole number of thousands of digits
        raise InputError(f"{path}: not usable JSON: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {max(keys, key=keys.count)!r} stands twice in one object")
    return found
