"""The one exception that means "the input is at fault"."""


class InputError(Exception):
    """A file, name or value from outside is unusable. One line: what is wrong, where, and what to do about it."""
