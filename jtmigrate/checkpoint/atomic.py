"""Replace a file whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A temporary file beside `path`, open for writing and reading.

    It takes the place of `path` when the block ends without an exception, and is removed otherwise.
    """
    # Resolved, so that a link keeps pointing to the file it pointed to.
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(temporary, "w+b") as file:
        try:
            yield file
            file.flush()
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
