"""The one exception that means "the person at the keyboard can mend this", and how their own code's are told."""

import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USERS_CODE = (Exception, SystemExit)
"""What code that is not ours may raise. SystemExit would pass for a result: its 0 for "aligned"."""

_LONGEST = 300
_NOT_THE_USERS = tuple(
    Path(folder).resolve()
    for folder in (Path(__file__).parent, *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")))
)


class UserError(Exception):
    """Bad input or usage: printed as one line, exit code 2, no traceback.

    The message says what is wrong, where (file, name, shapes) and what to do about it.
    """


@contextmanager
def telling(where: str) -> Iterator[None]:
    """A block that runs the user's own code: whatever it raises becomes a UserError that begins with `where`."""
    try:
        yield
    except USERS_CODE as error:
        raise UserError(f"{where} {raised(error)}") from error


def raised(error: BaseException) -> str:
    """ "raised ValueError: the message (models.py:12)", in one line of bounded length.

    The place is the last one in the user's own code, where there is one.
    """
    message = " ".join(str(error).split())
    if len(message) > _LONGEST:
        message = f"{message[:_LONGEST].rstrip()}..."
    what = f"{type(error).__name__}{': ' if message else ''}{message}"
    told = f"ended the program ({what})" if isinstance(error, SystemExit) else f"raised {what}"
    place = _place(error)
    return f"{told} ({place})" if place else told


def _place(error: BaseException) -> str:
    """ "models.py:12", relative to the current folder where it lies in that; "" if nothing of it is the user's."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        path = Path(frame.f_code.co_filename)
        if not path.is_file():
            continue
        path = path.resolve()
        if not any(path.is_relative_to(folder) for folder in _NOT_THE_USERS):
            return f"{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}:{line}"
    return ""
