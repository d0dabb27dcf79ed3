"""The exceptions that mean "the input is at fault"."""

from jtmigrate.errors import UserError


class InputError(UserError):
    """A file, name or value from outside is unusable. One line: what is wrong, where, and what to do about it."""
