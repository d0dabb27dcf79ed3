"""For test suites: `assert_aligned(torch_model, jittor_model, inputs)`."""

from io import StringIO
from typing import Any

from rich.console import Console

from jtmigrate.compare.result import DiffResult
from jtmigrate.diff import diff
from jtmigrate.report.console import print_diff

WIDTH = 120


class NotAligned(AssertionError):
    """Two models do not compute the same; `result` says where."""

    def __init__(self, result: DiffResult):
        super().__init__(readable(result))
        self.result = result


def assert_aligned(torch_model: Any, jittor_model: Any, inputs: Any, **options: Any) -> DiffResult:
    """Raise `NotAligned`, an AssertionError with the whole report, unless two models compute the same.

    The arguments are those of `jtmigrate.diff`. Returns the result, for further assertions on its numbers.
    """
    result = diff(torch_model, jittor_model, inputs, **options)
    if not result:
        raise NotAligned(result)
    return result


def readable(result: DiffResult) -> str:
    """What `jtmigrate diff` prints, without colours."""
    text = StringIO()
    print_diff(result, Console(file=text, width=WIDTH, force_terminal=False, color_system=None))
    return f"the two models are not aligned\n\n{text.getvalue()}" if not result else text.getvalue()
