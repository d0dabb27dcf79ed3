"""Runs `jtmigrate` in this process, as its console script would."""

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

from jtmigrate.cli import main


class Done(NamedTuple):
    """What a finished program left."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object) -> Done:
    """Run a command line and wait for its end."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main.run(lambda: main.app(args=[str(argument) for argument in arguments], prog_name="jtmigrate"))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
    return Done(code, out.getvalue(), err.getvalue())
