"""Writes a file whole or not at all; where it cannot be written, that is the input's fault."""

from pathlib import Path

from jtmigrate.files import replacing
from nanodet_common.errors import InputError


def write_bytes(path: Path, content: bytes) -> None:
    """Write atomically, into a folder that is created if it is missing. Raises InputError if that is impossible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}; give another path") from error
