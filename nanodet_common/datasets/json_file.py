"""Reads JSON that nobody vouches for: nesting, huge numbers and repeated keys end in one clear line."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from nanodet_common.errors import InputError

DEEPEST = 200
"""Levels of lists and objects in each other; COCO's files have five."""
_STEPS = np.zeros(256, np.int8)
_STEPS[np.frombuffer(b"[{", np.uint8)] = 1
_STEPS[np.frombuffer(b"]}", np.uint8)] = -1
_CHUNK = 1 << 20


def read_json(path: Path) -> Any:
    """The file's content. Raises InputError if it cannot be read, is no JSON, or has a key twice in one object."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if too_deep(content):
        raise InputError(f"{path}: not usable JSON: nested too deeply")
    try:
        return json.loads(content, object_pairs_hook=_unique)
    except ValueError as error:  # wrong syntax, wrong encoding, or a whole number of thousands of digits
        raise InputError(f"{path}: not usable JSON: {error}") from error


def too_deep(content: bytes) -> bool:
    """Whether lists and objects are nested deeper than `DEEPEST`.

    Not left to Python's limit of recursion: importing Jittor raises it to where the process would crash.
    """
    return _depth(content) > DEEPEST


def _depth(content: bytes) -> int:
    """How deep brackets are nested at most; those within strings count too."""
    level = deepest = 0
    for start in range(0, len(content), _CHUNK):
        levels = level + np.cumsum(_STEPS[np.frombuffer(content[start : start + _CHUNK], np.uint8)], dtype=np.int64)
        level, deepest = int(levels[-1]), max(deepest, int(levels.max()))
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {max(keys, key=keys.count)!r} stands twice in one object")
    return found
