"""What porting found and wrote: plain data."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath


@dataclass(frozen=True, order=True)
class Problem:
    """Something that was left as it was.

    file    path inside the source
    line    in the source, counted from 1; 0 for the whole file
    name    the full name in PyTorch, or what else it is about
    reason  why it was left
    advice  what to do, "" if the reason says it
    """

    file: str
    line: int
    name: str
    reason: str
    advice: str = ""


class Fate(Enum):
    """What became of a file."""

    PORTED = "ported"
    UNCHANGED = "unchanged"
    COPIED = "copied"
    FAILED = "not ported"


@dataclass(frozen=True)
class Ported:
    """One Python file after porting.

    path      inside source and result alike
    before    bytes of the source
    after     bytes of the result
    uses      how many uses of PyTorch were found, those that were left among them
    problems  what was left
    """

    path: PurePosixPath
    before: bytes
    after: bytes
    fate: Fate
    uses: int = 0
    problems: tuple[Problem, ...] = field(default=())
