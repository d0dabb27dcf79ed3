"""The exceptions whose text is written for the user."""


class InputError(Exception):
    """A file, name or value from outside is unusable. One line: what is wrong, where, and what to do about it."""


class LoaderError(InputError):
    """Samples cannot be prepared, though it is not the file's fault: a process died, or memory ran out."""
