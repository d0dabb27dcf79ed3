"""Write a file whole or not at all."""

import os
import tempfile
from pathlib import Path

from jtmigrate.errors import UserError


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text atomically: through a temporary file in the same folder, which is created if it is missing.

    Raises UserError if the place cannot be written to.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, text)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror or error}; give another path") from error


def _replace(target: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="\n", dir=target.parent, prefix=f".{target.name}.", delete=False
    ) as draft:
        try:
            draft.write(text)
            draft.close()
            os.chmod(draft.name, 0o666 & ~_umask())
            os.replace(draft.name, target)
        except BaseException:
            os.unlink(draft.name)
            raise


def _umask() -> int:
    """The mask that an ordinary `open` would have applied; a temporary file is private to its owner instead."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
