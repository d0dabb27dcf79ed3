"""The one exception that means "the person at the keyboard can mend this"."""


class UserError(Exception):
    """Bad input or usage: printed as one line, exit code 2, no traceback.

    The message says what is wrong, where (file, name, shapes) and what to do about it.
    """
