"""The exception that format readers raise; `read_checkpoint` adds the path and turns it into a `UserError`."""


class FormatError(ValueError):
    """The file is damaged, or holds something that this toolkit does not read."""
