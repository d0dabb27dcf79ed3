"""Sets of names, written as the words of a text."""


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())
