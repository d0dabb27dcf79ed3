"""A command that several processes run together."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from jtmigrate.errors import UserError
from nanodet_common.training.processes import Processes

BAD_INPUT = 2
SECONDS_TO_TELL = 1.0
"""Whoever started the processes ends all with the first that ends: it should be the one that says why."""


@contextmanager
def told_once(processes: Processes) -> Iterator[None]:
    """Of a UserError that all processes raise (`in_agreement`), the first one tells; the others end like it."""
    try:
        yield
    except UserError as error:
        if processes.rank == 0:
            raise
        time.sleep(SECONDS_TO_TELL)
        raise typer.Exit(BAD_INPUT) from error
