"""Where the detectors' common code meets the toolkit."""

from collections.abc import Iterator
from contextlib import contextmanager

from jtmigrate.errors import UserError
from nanodet_common.errors import InputError


@contextmanager
def mendable() -> Iterator[None]:
    """What the detectors' common code calls bad input is a user's mistake to the toolkit."""
    try:
        yield
    except InputError as error:
        raise UserError(str(error)) from error
