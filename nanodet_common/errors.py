"""The exceptions whose text is written for the user."""

from jtmigrate.errors import UserError


class InputError(UserError):
    """A file, name or value from outside is unusable. One line: what is wrong, where, and what to do about it."""


class LoaderError(InputError):
    """Samples cannot be prepared, though it is not the file's fault: a process died, or memory ran out."""
