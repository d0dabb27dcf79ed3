"""What is wrong with a data set, gathered while it is read."""

from pathlib import Path
from typing import Literal

from nanodet_common.datasets.dataset import Problem
from nanodet_common.errors import InputError

OnProblem = Literal["skip", "fail"]


class Problems:
    """Every problem in the order of its finding; with "fail", the first thing left out is an InputError."""

    def __init__(self, on_problem: OnProblem) -> None:
        self._fatal = on_problem == "fail"
        self._found: list[Problem] = []

    @property
    def found(self) -> tuple[Problem, ...]:
        """All problems noted so far."""
        return tuple(self._found)

    def left_out(self, kind: str, source: Path, reason: str) -> None:
        """Note that something is not used. Raises InputError where that is fatal."""
        if self._fatal:
            raise InputError(f"{source}: {kind}: {reason}")
        self._found.append(Problem(kind, source, reason))

    def corrected(self, kind: str, source: Path, reason: str) -> None:
        """Note that something is used after a correction. Never fatal: nothing is lost."""
        self._found.append(Problem(kind, source, reason))
