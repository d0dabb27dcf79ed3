"""What the names of tensors may be."""


def is_utf8(name: str) -> bool:
    """Whether a name can be written as UTF-8: a pickle may hold halves of surrogate pairs, which cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in name)
