"""The exceptions of readers and writers; those who know the path turn them into a `UserError`."""


class FormatError(ValueError):
    """The file that is read is damaged, or holds something that this toolkit does not read."""


class UnwritableError(ValueError):
    """The format that is written has no place for a tensor or its name."""
